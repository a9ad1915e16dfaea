//! Groups of a user pool, and the claims they become (Rule C35).

use super::claims::{Claim, Claims};

/// A group, as `list-groups` and `admin-list-groups-for-user` write it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Group {
    /// Its name.
    #[serde(rename = "GroupName")]
    pub name: String,
    /// Its role.
    #[serde(rename = "RoleArn", default)]
    pub role_arn: Option<String>,
    /// Its precedence: 0 is best, none is worst.
    #[serde(rename = "Precedence", default)]
    pub precedence: Option<u32>,
    /// The user pool it is a group of, such as `us-east-1_Ab`.
    #[serde(rename = "UserPoolId", default)]
    pub user_pool_id: Option<String>,
}

impl Group {
    /// A group without role, precedence and user pool.
    pub fn named(name: &str) -> Self {
        Group { name: name.to_owned(), role_arn: None, precedence: None, user_pool_id: None }
    }
}

/// Adds the three claims that Cognito derives from groups: `cognito:groups`, `cognito:roles` and
/// `cognito:preferred_role`. A claim that is there already stays; `null` is not there (Rule C12).
///
/// For tests and what-if questions only: a trigger can overwrite all three, so never derive where a token is at hand.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::{Claim, Claims, Group, with_groups};
///
/// let role = |name: &str| Some(format!("arn:aws:iam::111122223333:role/{name}"));
/// let groups = [
///     Group { role_arn: role("Editor"), precedence: Some(5), ..Group::named("editors") },
///     Group { role_arn: role("Admin"), precedence: Some(0), ..Group::named("admins") },
/// ];
/// let claims = with_groups(Claims::default(), &groups);
/// assert_eq!(claims.get("cognito:preferred_role"), Some(&Claim::from("arn:aws:iam::111122223333:role/Admin")));
/// ```
pub fn with_groups(claims: Claims, groups: &[Group]) -> Claims {
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let mut roles: Vec<&str> = Vec::new();
    for role in groups.iter().filter_map(|group| group.role_arn.as_deref()) {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    let derived = [
        ("cognito:groups", Some(names).filter(|names| !names.is_empty()).map(Claim::from)),
        ("cognito:preferred_role", preferred(groups, &roles).map(Claim::from)),
        ("cognito:roles", Some(roles).filter(|roles| !roles.is_empty()).map(Claim::from)),
    ];
    derived.into_iter().fold(claims, |claims, (name, value)| match value {
        Some(value) if claims.present(name).is_none() => claims.with(name, value),
        _ => claims,
    })
}

/// The only role there is; else the role of the best group, if those that tie at the best have one role.
fn preferred<'g>(groups: &'g [Group], roles: &[&'g str]) -> Option<&'g str> {
    if let [only] = roles {
        return Some(only);
    }
    let rank = |group: &Group| group.precedence.map_or(u64::MAX, u64::from);
    let best = groups.iter().map(rank).min()?;
    let mut best_roles = groups.iter().filter(|group| rank(group) == best).map(|group| group.role_arn.as_deref());
    let first = best_roles.next()?;
    first.filter(|_| best_roles.all(|role| role == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, role: Option<&str>, precedence: Option<u32>) -> Group {
        Group { role_arn: role.map(str::to_owned), precedence, ..Group::named(name) }
    }

    fn preferred_of(groups: &[Group]) -> Option<Claim> {
        with_groups(Claims::default(), groups).get("cognito:preferred_role").cloned()
    }

    #[test]
    fn the_best_group_decides() {
        let (a, b) = (Some("A"), Some("B"));
        for (groups, expected) in [
            (vec![], None),
            (vec![group("x", None, Some(0))], None),
            (vec![group("x", a, None)], a),
            (vec![group("x", a, None), group("y", a, Some(1))], a),
            (vec![group("x", a, Some(1)), group("y", b, Some(0))], b),
            (vec![group("x", a, None), group("y", b, Some(9))], b),
            (vec![group("x", a, Some(1)), group("y", b, Some(1))], None),
            (vec![group("x", a, Some(1)), group("y", a, Some(1)), group("z", b, Some(2))], a),
            (vec![group("x", a, Some(1)), group("y", b, Some(2)), group("z", None, Some(0))], None),
            (vec![group("x", a, Some(1)), group("y", None, Some(1)), group("z", b, Some(2))], None),
            (vec![group("x", None, Some(0)), group("y", a, Some(5))], a),
        ] {
            assert_eq!(preferred_of(&groups), expected.map(Claim::from), "{groups:?}");
        }
    }

    #[test]
    fn claims_that_are_there_stay() {
        let token = Claims::default().with("cognito:roles", "C").with("cognito:groups", Claim::Null);
        let claims = with_groups(token, &[group("x", Some("A"), None)]);
        assert_eq!(claims.get("cognito:roles"), Some(&Claim::from("C")));
        assert_eq!(claims.get("cognito:groups"), Some(&Claim::from(vec!["x"])));
    }
}
