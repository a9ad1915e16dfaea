use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/App";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

fn kind_for(principal: &str, action: &str) -> Option<PrincipalKind> {
    Request::new(principal, action, "*").ok().map(|request| request.principal().kind())
}

fn ask(principal: &str) -> Request<'_> {
    Request::new(principal, "s3:GetObject", "arn:aws:s3:::app/x").unwrap()
}

#[test]
fn principals_are_classified() {
    use PrincipalKind::*;
    for (text, kind) in [
        ("*", Some(Anonymous)),
        ("arn:aws:iam::111122223333:root", Some(Root)),
        ("arn:aws:iam::111122223333:user/a/bo", Some(User)),
        (ROLE, Some(Role)),
        (SESSION, Some(Session)),
        ("arn:aws-cn:sts::111122223333:federated-user/bo", Some(FederatedUser)),
        ("s3.amazonaws.com", Some(Service)),
        ("s3.cn-north-1.amazonaws.com.cn", Some(Service)),
        ("cognito-identity.amazonaws.com", Some(Service)),
        ("", None),
        ("accounts.google.com", None),
        ("111122223333", None),
        ("arn:aws:iam::111122223333:user/*", None),
        ("arn:aws:iam::111122223333:group/g", None),
        ("arn:aws:iam::1111:root", None),
        ("arn:aws:sts::111122223333:assumed-role/App", None),
        (".amazonaws.com", None),
        ("a b.amazonaws.com", None),
    ] {
        assert_eq!(kind_for(text, "s3:GetObject"), kind, "{text}");
    }
}

#[test]
fn token_callers_depend_on_the_action() {
    use PrincipalKind::*;
    let provider = "arn:aws:iam::111122223333:oidc-provider/x.example";
    for (text, action, kind) in [
        ("accounts.google.com", "sts:AssumeRoleWithWebIdentity", Some(FederatedIdp)),
        ("anything", "STS:assumerolewithsaml", Some(FederatedIdp)),
        ("cognito-identity.amazonaws.com", "sts:TagSession", Some(FederatedIdp)),
        (provider, "sts:SetSourceIdentity", Some(FederatedIdp)),
        ("ec2.amazonaws.com", "sts:TagSession", Some(Service)),
        (SESSION, "sts:TagSession", Some(Session)),
        (provider, "sts:AssumeRole", None),
        ("", "sts:AssumeRoleWithWebIdentity", None),
        ("x*", "sts:AssumeRoleWithWebIdentity", None),
    ] {
        assert_eq!(kind_for(text, action), kind, "{text} {action}");
    }
}

#[test]
fn keys_are_derived() {
    let value = |principal, key: &str| ask(principal).context().single(key).map(str::to_owned);
    assert_eq!(value(SESSION, "AWS:principalarn").as_deref(), Some("arn:aws:iam::111122223333:role/App"));
    assert_eq!(value(SESSION, "aws:PrincipalType").as_deref(), Some("AssumedRole"));
    assert_eq!(value(SESSION, "aws:userid"), None);
    assert_eq!(value(ROLE, "aws:PrincipalArn").as_deref(), Some(ROLE));
    assert_eq!(value("arn:aws:iam::111122223333:user/a/bo", "aws:username").as_deref(), Some("bo"));
    assert_eq!(value("arn:aws:iam::111122223333:root", "aws:userid").as_deref(), Some("111122223333"));
    assert_eq!(value("arn:aws:sts::111122223333:federated-user/bo", "aws:userid").as_deref(), Some("111122223333:bo"));
    assert_eq!(value("*", "aws:PrincipalAccount").as_deref(), Some("anonymous"));
    assert_eq!(value("*", "aws:PrincipalIsAWSService"), None);
    assert_eq!(value("s3.amazonaws.com", "aws:PrincipalServiceName").as_deref(), Some("s3.amazonaws.com"));
    assert_eq!(value("s3.amazonaws.com", "aws:PrincipalAccount"), None);
}

#[test]
fn contradictions_are_errors() {
    let give = |principal, key: &'static str, value: &'static str| ask(principal).with(key, value).map(|_| ());
    for (principal, key, value, fits) in [
        (SESSION, "aws:PrincipalArn", ROLE, true),
        (SESSION, "aws:principalarn", "arn:aws:iam::111122223333:role/x/app", true),
        (SESSION, "aws:PrincipalArn", "arn:aws:iam::111122223333:role/Other", false),
        (SESSION, "aws:PrincipalArn", "arn:aws:iam::444455556666:role/App", false),
        (SESSION, "aws:PrincipalArn", "arn:aws-cn:iam::111122223333:role/App", false),
        (SESSION, "aws:PrincipalArn", SESSION, false),
        (SESSION, "aws:PrincipalAccount", "111122223333", true),
        (SESSION, "aws:PrincipalAccount", "444455556666", false),
        ("*", "aws:PrincipalAccount", "anonymous", true),
        ("*", "aws:PrincipalAccount", "111122223333", false),
        ("*", "aws:PrincipalArn", ROLE, false),
        ("s3.amazonaws.com", "aws:PrincipalArn", ROLE, true),
    ] {
        assert_eq!(give(principal, key, value).is_ok(), fits, "{principal} {key} {value}");
    }
    let list = ask(SESSION).with("aws:PrincipalArn", &[ROLE][..]);
    assert_eq!(list.unwrap_err().kind(), RequestErrorKind::Contradiction);
}

#[test]
fn a_key_is_given_once_and_replaces_the_derived_one() {
    let request = ask(SESSION).with("aws:principaltype", "X").unwrap();
    assert_eq!(request.context().single("aws:PrincipalType"), Some("X"));
    let twice = ask(SESSION).with("s3:prefix", "a").unwrap().with("S3:Prefix", "a");
    assert_eq!(twice.unwrap_err().rule(), "E59");
    assert!(ask(SESSION).with("", "a").is_err());
}

#[test]
fn the_clock_keys_derive_each_other() {
    let with = |key: &'static str, value: &'static str| ask(SESSION).with(key, value).unwrap();
    assert_eq!(with("aws:CurrentTime", "1970-01-01T00:00:01.9Z").context().single("aws:EpochTime"), Some("1"));
    assert_eq!(with("aws:EpochTime", "60").context().single("aws:CurrentTime"), Some("1970-01-01T00:01:00Z"));
    assert_eq!(with("aws:CurrentTime", "soon").context().get("aws:EpochTime"), None);
    let both = with("aws:CurrentTime", "1970").with("aws:epochtime", "7").unwrap();
    assert_eq!(both.context().single("aws:EpochTime"), Some("7"));
}

#[test]
fn owners() {
    let owner = |request: &Request<'_>| (request.owner().account.map(str::to_owned), request.owner().source);
    assert_eq!(owner(&ask(SESSION)), (Some("111122223333".into()), OwnerSource::DefaultedToCaller));
    assert_eq!(ask(SESSION).context().get("aws:ResourceAccount"), None);
    let named = ask(SESSION).resource_account("444455556666").unwrap();
    assert_eq!(owner(&named), (Some("444455556666".into()), OwnerSource::Request));
    assert_eq!(named.context().single("aws:ResourceAccount"), Some("444455556666"));
    let table = "arn:aws:dynamodb:us-east-1:777788889999:table/T";
    let by_arn = Request::new(SESSION, "dynamodb:GetItem", table).unwrap();
    assert_eq!(owner(&by_arn), (Some("777788889999".into()), OwnerSource::Arn));
    assert!(by_arn.clone().resource_account("111122223333").is_err());
    assert!(by_arn.resource_account("777788889999").is_ok());
    assert!(ask(SESSION).resource_account("12").is_err());
}

#[test]
fn special_actions_and_resources() {
    let request = |action, resource| Request::new(SESSION, action, resource).unwrap();
    assert!(request("STS:assumeRole", "arn:aws:iam::111122223333:role/x/R").assumes_role());
    assert!(!request("sts:AssumeRole", "arn:aws:iam::111122223333:user/R").assumes_role());
    assert!(
        request("sts:AssumeRole", "arn:aws:iam::111122223333:role/aws-service-role/x/R").assumes_service_linked_role()
    );
    assert!(request("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1").is_kms_key());
    assert!(!request("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/1").is_kms_key());
    let linked = ask(SESSION).with("aws:PrincipalArn", "arn:aws:iam::111122223333:role/aws-service-role/App").unwrap();
    assert!(linked.is_service_linked());
    assert!(!ask(SESSION).is_service_linked());
}

#[test]
fn issuers_of_federated_users() {
    let federated = "arn:aws:sts::111122223333:federated-user/bo";
    assert!(ask(federated).issued_by("arn:aws:iam::111122223333:user/Bo").is_ok());
    assert!(ask(federated).issued_by("arn:aws:iam::444455556666:user/Bo").is_err());
    assert!(ask(federated).issued_by(ROLE).is_err());
    assert!(ask(SESSION).issued_by("arn:aws:iam::111122223333:user/Bo").is_err());
}

#[test]
fn hostile_contexts_are_bounded() {
    let mut request = ask(SESSION);
    let mut refused = None;
    for index in 0..100_000 {
        match request.clone().with(format!("k{index}"), "v") {
            Ok(more) => request = more,
            Err(error) => {
                refused = Some((index, error.kind()));
                break;
            }
        }
    }
    let derived = ask(SESSION).context().entries().len();
    assert_eq!(refused, Some((MAX_CONTEXT_KEYS - derived, RequestErrorKind::Context)));
    let many = vec!["x"; MAX_CONTEXT_VALUES + 1];
    assert!(ask(SESSION).with("k", many).is_err());
}
