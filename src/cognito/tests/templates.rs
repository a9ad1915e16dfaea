use std::collections::BTreeMap;

use super::*;

const TEMPLATE: &str = r#"{
  "Parameters": {"Account": {"Type": "String", "Default": "111122223333"}},
  "Resources": {
    "Users": {"Type": "AWS::Cognito::UserPool"},
    "Pool": {"Type": "AWS::Cognito::IdentityPool", "Properties": {
      "AllowUnauthenticatedIdentities": "true",
      "CognitoEvents": {},
      "CognitoIdentityProviders": [{"ProviderName": {"Fn::GetAtt": ["Users", "ProviderName"]}, "ClientId": {"Ref": "Client"}, "ServerSideTokenCheck": "false"}],
      "SamlProviderARNs": [{"Fn::Sub": "arn:aws:iam::${Account}:saml-provider/Corp"}],
      "IdentityPoolTags": [{"Key": "app", "Value": "photos"}]}},
    "Roles": {"Type": "AWS::Cognito::IdentityPoolRoleAttachment", "Properties": {
      "IdentityPoolId": {"Ref": "Pool"},
      "Roles": {"authenticated": {"Fn::Join": [":", ["arn:aws:iam:", {"Ref": "Account"}, "role/A"]]}},
      "RoleMappings": {"users": {
        "IdentityProvider": {"Fn::Join": [":", [{"Fn::GetAtt": "Users.ProviderName"}, {"Ref": "Client"}]]},
        "Type": "Token", "AmbiguousRoleResolution": "Deny"}}}},
    "Tags": {"Type": "AWS::Cognito::IdentityPoolPrincipalTag", "Properties": {
      "IdentityPoolId": {"Ref": "Pool"}, "IdentityProviderName": {"Fn::GetAtt": ["Users", "ProviderName"]},
      "PrincipalTags": {"team": "custom:team"}}},
    "Other": {"Type": "AWS::Cognito::IdentityPool", "Condition": "Never", "Properties": {"AllowUnauthenticatedIdentities": true}},
    "OtherRoles": {"Type": "AWS::Cognito::IdentityPoolRoleAttachment", "Condition": "Never", "Properties": {"IdentityPoolId": {"Ref": "Other"}}},
    "OtherTags": {"Type": "AWS::Cognito::IdentityPoolPrincipalTag", "DependsOn": "Other", "Properties": {"IdentityPoolId": {"Fn::GetAtt": ["Other", "Id"]}}}
  }}"#;

/// The logical id of the pool that the tests ask for.
const ASKED: Option<&str> = Some("Pool");

fn values() -> BTreeMap<String, String> {
    let values = [("Pool", "us-east-1:1a2b"), ("Users.ProviderName", USER_POOL), ("Client", "c1")];
    values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_cloudformation_template() {
    let pool =
        Pool::from_cloudformation("t.json", TEMPLATE, &values(), ASKED).unwrap_or_else(|error| panic!("{error}"));
    assert!(pool.admits_guests());
    assert_eq!((pool.id(), pool.name(), pool.classic_flow()), ("us-east-1:1a2b", "Pool", None));
    assert_eq!(pool.authenticated_role(), Some("arn:aws:iam::111122223333:role/A"));
    assert_eq!(pool.mappings().map(|(key, _)| key).collect::<Vec<_>>(), [format!("{USER_POOL}:c1")]);
    let user_pool = &pool.providers_of(USER_POOL)[0];
    assert_eq!(pool.tag_map(user_pool).unwrap().tags().collect::<Vec<_>>(), [("team", "custom:team")]);
}

#[test]
fn a_template_is_refused_at_its_own_place() {
    let refusal = |text: &str, values: &BTreeMap<String, String>, pool| {
        Pool::from_cloudformation("t.json", text, values, pool).unwrap_err().to_string()
    };
    let mut few = values();
    few.remove("Client");
    assert_eq!(
        refusal(TEMPLATE, &few, ASKED),
        "t.json:8:108: a value that only exists after deployment: found `Client`, expected a value given for `Client` (rule C4)\n\
         t.json:15:87: a value that only exists after deployment: found `Client`, expected a value given for `Client` (rule C4)"
    );
    assert_eq!(
        refusal(&TEMPLATE.replace("\"Deny\"", "\"Maybe\""), &values(), ASKED),
        "t.json:16:53: malformed ambiguous role resolution: found `Maybe`, expected one of `AuthenticatedRole`, `Deny` (rule C5)"
    );
    assert!(
        refusal(&TEMPLATE.replace("\"Fn::Sub\"", "\"Fn::If\""), &values(), ASKED)
            .contains("not worked out: found `Fn::If`")
    );
    assert!(refusal(TEMPLATE, &values(), Some("None")).contains("found 0 of them"));
    assert!(refusal("{}", &values(), None).contains("found 0 of them"));
    assert!(refusal(TEMPLATE, &values(), None).contains("found 2 of them"));
}

/// What is wrong with a template after one edit; nothing in it may be passed over.
#[track_caller]
fn refused(text: &str, from: &str, to: &str, expected: &str) {
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let read = match text.contains("Resources") {
        true => Pool::from_cloudformation("t", &text, &values(), ASKED),
        false => Pool::from_terraform("t", &text, None, None),
    };
    let told = read.expect_err(&text).to_string();
    assert!(told.contains(expected), "{told}\nexpected: {expected}");
    assert!(told.starts_with("t:") && told.contains("found ") && told.contains("(rule C"), "{told}");
}

#[test]
fn what_is_no_mapping_is_not_passed_over() {
    let mapping = TEMPLATE.split_once("\"RoleMappings\": ").unwrap().1;
    let mapping = mapping.split_once("}}}},\n").unwrap().0.to_owned() + "}}";
    for (wrong, expected) in [
        ("[]", "found a list, expected an object of role mappings"),
        ("\"x\"", "found a string, expected an object of role mappings"),
        ("null", "found `null`, expected an object of role mappings"),
        ("true", "found a boolean, expected an object of role mappings"),
        (&format!("[{mapping}]"), "found a list, expected an object of role mappings"),
        ("{\"Ref\": \"Account\"}", "found a string, expected an object of role mappings"),
        ("{\"users\": []}", "found a list, expected an object"),
    ] {
        refused(TEMPLATE, &mapping, wrong, expected);
    }
    refused(
        TEMPLATE,
        "{\"Fn::Join\": [\":\", [{\"Fn::GetAtt\": \"Users.ProviderName\"}, {\"Ref\": \"Client\"}]]}",
        "5",
        "expected a string",
    );
    refused(TEMPLATE, "[{\"Fn::GetAtt\": \"Users.ProviderName\"}, {\"Ref\": \"Client\"}]", "\"x\"", "`Fn::Join`");
    refused(
        TEMPLATE,
        "[{\"ProviderName\"",
        "{\"a\": 1}, \"CognitoEvents\": [{\"ProviderName\"",
        "expected each member once",
    );
    refused(TEMPLATE, "\"CognitoEvents\": {},", "\"RoleMappings\": {},", "unknown member: found `RoleMappings`");
    let providers = TEMPLATE.split_once("\"CognitoIdentityProviders\": ").unwrap().1.split_once(",\n").unwrap().0;
    refused(TEMPLATE, providers, "{\"a\": 1}", "expected a list");
    refused(TEMPLATE, providers, "\"x\"", "expected a list");
}

#[test]
fn a_resource_of_a_template_is_there_whole_and_for_certain() {
    const MISSING: &str = "a member is missing: found the end of the object, expected `Properties`";
    refused(TEMPLATE, "IdentityPool\", \"Properties\"", "IdentityPool\", \"properties\"", MISSING);
    refused(TEMPLATE, "RoleAttachment\", \"Properties\"", "RoleAttachment\", \"properties\"", MISSING);
    refused(TEMPLATE, "PrincipalTag\", \"Properties\"", "PrincipalTag\", \"Metadata\"", MISSING);
    for kind in ["IdentityPool\",", "RoleAttachment\",", "PrincipalTag\","] {
        let conditional = format!("{kind} \"Condition\": \"Always\",");
        refused(TEMPLATE, kind, &conditional, "expected a resource without `Condition`");
        let other = format!("{kind} \"DependsOn\": [\"Users\"], \"DeletionPolicy\": \"Retain\", \"Metadata\": {{}},");
        let text = TEMPLATE.replacen(kind, &other, 1);
        assert!(Pool::from_cloudformation("t", &text, &values(), ASKED).is_ok(), "{kind}");
    }
    refused(TEMPLATE, "\"Type\": \"AWS::Cognito::UserPool\"", "", "expected `Type`");
    refused(TEMPLATE, "\"Users\":", "\"Fn::ForEach::All\": [], \"Users\":", "a function that is not worked out");
    // A parameter may hold the id of this pool, so a reference to one is worked out.
    refused(TEMPLATE, "{\"Fn::GetAtt\": [\"Other\", \"Id\"]}", "{\"Ref\": \"Id\"}", "found `Id`");
    let by_attribute = TEMPLATE.replace("{\"Ref\": \"Pool\"}", "{\"Fn::GetAtt\": [\"Pool\", \"Id\"]}");
    let pool = Pool::from_cloudformation("t", &by_attribute, &values(), ASKED).unwrap();
    assert_eq!(pool.mappings().count(), 1);
}

#[test]
fn members_of_a_template_that_are_repeated() {
    for (from, repeated) in [
        ("\"Resources\": {\n", "Resources"),
        ("\"Properties\": {\n      \"IdentityPoolId\": {\"Ref\": \"Pool\"},\n", "Properties"),
        ("\"IdentityProvider\": {\"Fn::Join\"", "IdentityProvider"),
        ("\"Default\": \"1111", "Default"),
        ("\"Type\": \"AWS::Cognito::IdentityPoolRoleAttachment\"", "Type"),
        ("\"Pool\": {\"Type\"", "Pool"),
    ] {
        let first = format!("\"{repeated}\": {{}}, {from}");
        refused(TEMPLATE, from, &first, &format!("a member is repeated: found a second `{repeated}`"));
    }
    for (from, repeated) in [
        ("\"values\": {\n    \"id\": \"us-east-1:1a2b\", \"identity_pool_id\"", "values"),
        ("\"resources\"", "resources"),
        ("\"type\": \"aws_cognito_identity_pool_roles_attachment\"", "type"),
        ("\"planned_values\"", "planned_values"),
        ("\"identity_provider\"", "identity_provider"),
    ] {
        let first = format!("\"{repeated}\": null, {from}");
        refused(PLAN, from, &first, &format!("a member is repeated: found a second `{repeated}`"));
    }
}

const PLAN: &str = r#"{"format_version": "1.2", "planned_values": {"root_module": {"child_modules": [{"resources": [
  {"address": "module.a.aws_cognito_identity_pool.main", "mode": "managed", "type": "aws_cognito_identity_pool", "values": {
    "id": "us-east-1:1a2b", "arn": "x", "identity_pool_name": "p", "allow_unauthenticated_identities": false, "allow_classic_flow": false,
    "cognito_identity_providers": [{"client_id": "c1", "provider_name": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", "server_side_token_check": null}],
    "developer_provider_name": null, "openid_connect_provider_arns": [], "saml_provider_arns": null, "supported_login_providers": {}, "tags": null, "tags_all": {}}},
  {"address": "module.a.x", "mode": "managed", "type": "aws_cognito_identity_pool_roles_attachment", "values": {
    "id": "us-east-1:1a2b", "identity_pool_id": "us-east-1:1a2b", "roles": {"authenticated": "arn:aws:iam::111122223333:role/A"},
    "role_mapping": [{"identity_provider": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:c1", "type": "Rules", "ambiguous_role_resolution": "Deny",
      "mapping_rule": [{"claim": "c", "match_type": "Equals", "role_arn": "arn:aws:iam::111122223333:role/B", "value": "v"}]}]}},
  {"address": "module.a.y", "mode": "managed", "type": "aws_cognito_identity_pool_provider_principal_tag", "values": {
    "identity_pool_id": "us-east-1:1a2b", "identity_provider_name": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", "principal_tags": {}, "use_defaults": true}}
 ]}]}}}"#;

#[test]
fn a_terraform_plan() {
    let pool = Pool::from_terraform("plan.json", PLAN, None, None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((pool.id(), pool.name(), pool.classic_flow()), ("us-east-1:1a2b", "p", Some(false)));
    assert_eq!(pool.named_roles(), ["arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/B"]);
    assert!(pool.tag_map(&pool.providers_of(USER_POOL)[0]).unwrap().use_defaults());
    let state = PLAN.replace("\"planned_values\"", "\"values\"");
    let address = Some("module.a.aws_cognito_identity_pool.main");
    assert!(Pool::from_terraform("state.json", &state, address, None).is_ok());
}

#[test]
fn a_plan_is_refused_at_its_own_place() {
    let refusal = |text: &str, pool| Pool::from_terraform("plan.json", text, pool, None).unwrap_err().to_string();
    assert_eq!(
        refusal(&PLAN.replace("\"Equals\"", "\"equals\""), None),
        "plan.json:9:53: malformed match type: found `equals`, expected one of `Equals`, `Contains`, `StartsWith`, `NotEqual` (rule C6)"
    );
    assert!(refusal(PLAN, Some("module.b.aws_cognito_identity_pool.main")).contains("found 0 of them"));
    let unknown =
        PLAN.replace("\"id\": \"us-east-1:1a2b\", ", "").replace("\"identity_pool_id\": \"us-east-1:1a2b\", ", "");
    assert!(refusal(&unknown, None).contains("an id that only exists after the plan is applied"));
    let given = Pool::from_terraform("plan.json", &unknown, None, Some("us-east-1:77aa")).unwrap();
    assert_eq!((given.id(), given.mappings().count()), ("us-east-1:77aa", 1));
}
