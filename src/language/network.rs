//! Addresses and networks (Rule L97), grammar `grammar/network.abnf`.

use std::net::IpAddr;

use ipnet::IpNet;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::digit1;
use nom::combinator::{all_consuming, opt, value, verify};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Reads the value of `IpAddress` or `NotIpAddress`: an address, or a network with a prefix length. No prefix
/// means one address. `None` if it is neither.
///
/// # Examples
///
/// ```
/// use iamtree::language::network::{parse_address, parse_network};
///
/// let network = parse_network("203.0.113.7/24").unwrap();
/// assert!(network.contains(&parse_address("203.0.113.200").unwrap()));
/// assert!(parse_network("203.0.113.0/33").is_none());
/// ```
pub fn parse_network(text: &str) -> Option<IpNet> {
    let (_, (address, prefix)) = all_consuming(network).parse(text).ok()?;
    match prefix {
        Some(prefix) => IpNet::new(address, prefix).ok(),
        None => Some(IpNet::from(address)),
    }
}

/// Reads the address of a request; `::ffff:a.b.c.d` is the IPv4 address in it. `None` if it is no address.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let (_, address) = all_consuming(address).parse(text).ok()?;
    Some(address.to_canonical())
}

fn network(input: &str) -> IResult<&str, (IpAddr, Option<u8>)> {
    (address, opt(preceded(tag("/"), prefix_length))).parse(input)
}

/// The standard library reads the spellings of RFC 4291 and refuses leading zeros and zone ids.
fn address(input: &str) -> IResult<&str, IpAddr> {
    take_while1(|c: char| c.is_ascii_hexdigit() || c == '.' || c == ':').map_res(str::parse::<IpAddr>).parse(input)
}

/// Plain digits without sign or leading zero.
fn prefix_length(input: &str) -> IResult<&str, u8> {
    let positive = verify(digit1, |digits: &str| !digits.starts_with('0')).map_res(str::parse::<u8>);
    alt((positive, value(0, tag("0")))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_network() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.256",
            "010.0.0.1",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/00",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/8 ",
            "fe80::1%eth0",
            "::/129",
            ":::",
            "1:2:3:4:5:6:7:8:9",
            "12345::",
            "${aws:SourceIp}",
            "10.0.0.0/8/8",
            "::1.2.3",
            "1.2.3.4::",
        ] {
            assert_eq!(parse_network(text), None, "{text}");
        }
    }

    #[test]
    fn families_and_mapped_addresses() {
        let contains = |network, address| parse_network(network).unwrap().contains(&parse_address(address).unwrap());
        assert!(contains("0.0.0.0/0", "1.2.3.4"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("10.0.0.0/8", "::FFFF:0a01:203"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(!contains("::/0", "1.2.3.4"));
        assert!(!contains("::/0", "::ffff:1.2.3.4"));
        assert!(contains("2001:db8::/32", "2001:DB8:0:0::1"));
        assert!(!contains("2001:db8::1", "2001:db8::2"));
        assert_eq!(parse_address("10.0.0.0/8"), None);
    }
}
