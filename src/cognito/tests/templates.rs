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

#[test]
fn what_a_plan_does_not_say_is_not_passed_over() {
    const PROVIDER: &str = "\"identity_provider\": \"cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:c1\", ";
    refused(PLAN, PROVIDER, "", "expected `identity_provider`");
    refused(PLAN, PROVIDER, "\"identity_provider\": 5, ", "found a number, expected a string");
    refused(PLAN, PROVIDER, "\"identity_provider\": null, ", "found `null`, expected a string");
    let mappings = PLAN.split_once("\"role_mapping\": ").unwrap().1.split_once("}},\n").unwrap().0;
    for (wrong, expected) in [
        ("{}", "found an object, expected a list"),
        ("{\"a\": 1}", "found an object, expected a list"),
        ("\"\"", "found a string, expected a list"),
        ("5", "found a number, expected a list"),
        ("true", "found a boolean, expected a list"),
        ("null", "found `null`, expected a list"),
        ("[null]", "found `null`, expected an object"),
        ("[\"a\"]", "found a string, expected an object"),
        ("[[]]", "found a list, expected an object"),
    ] {
        refused(PLAN, mappings, wrong, expected);
    }
    refused(
        PLAN,
        &format!(", \n    \"role_mapping\": {mappings}").replace(", \n", ",\n"),
        "",
        "expected `role_mapping`",
    );
    refused(PLAN, "\"role_mapping\"", "\"role_mappings\"", "unknown attribute: found `role_mappings`");
    refused(PLAN, "\"claim\": \"c\", ", "", "expected `claim`");
    let rules = PLAN.split_once("\"mapping_rule\": ").unwrap().1.split_once("}]}},\n").unwrap().0;
    refused(PLAN, rules, "{\"a\": 1}", "found an object, expected a list");
    refused(PLAN, rules, "[null]", "found `null`, expected an object");
    refused(PLAN, ", \"use_defaults\": true", "", "expected `use_defaults`");
    let written = PLAN.replace("\"use_defaults\": true", "\"use_defaults\": false");
    assert!(Pool::from_terraform("plan.json", &written, None, None).is_ok());
    refused(&written, "\"principal_tags\": {}, ", "", "expected `principal_tags`");
    refused(&written, "\"principal_tags\": {}", "\"principal_tags\": []", "found a list, expected an object");
    refused(PLAN, "\"resources\": [", "\"resources\": {}, \"child_modules\": [", "found an object, expected a list");
    refused(
        PLAN,
        "\"values\": {\n    \"id\": \"us-east-1:1a2b\", \"arn\"",
        "\"value\": {\n    \"id\": \"us-east-1:1a2b\", \"arn\"",
        "expected `values`",
    );
    let other = Pool::from_terraform("plan.json", PLAN, None, Some("us-east-1:77aa")).unwrap_err().to_string();
    assert!(other.contains("another id than the one given: found `us-east-1:1a2b`"), "{other}");
}

#[test]
fn what_a_plan_does_not_know_yet_is_refused() {
    let with_unknown = |address: &str, unknown: &str| {
        let changes = format!(
            "\"resource_changes\": [{{\"address\": \"module.a.z\", \"change\": {{\"after_unknown\": {{\"roles\": true}}}}}},\n {{\"address\": \"{address}\", \"change\": {{\"after_unknown\": {unknown}}}}}], \"planned_values\""
        );
        PLAN.replace("\"planned_values\"", &changes)
    };
    let read = |text: &str| Pool::from_terraform("plan.json", text, None, None);
    for (address, unknown, expected) in [
        ("module.a.x", "{\"role_mapping\": true}", "found `role_mapping` unknown"),
        (
            "module.a.x",
            "{\"id\": true, \"role_mapping\": [{\"identity_provider\": true}]}",
            "found `role_mapping[0].identity_provider` unknown",
        ),
        ("module.a.x", "{\"roles\": {\"authenticated\": true}}", "found `roles.authenticated` unknown"),
        ("module.a.x", "true", "found `module.a.x` unknown"),
        ("module.a.y", "{\"principal_tags\": {\"team\": true}}", "found `principal_tags.team` unknown"),
        (
            "module.a.aws_cognito_identity_pool.main",
            "{\"cognito_identity_providers\": [{}, {\"client_id\": true}]}",
            "found `cognito_identity_providers[1].client_id` unknown",
        ),
    ] {
        let told = read(&with_unknown(address, unknown)).unwrap_err().to_string();
        assert!(told.starts_with("plan.json:2:") && told.contains(expected), "{told}");
    }
    for (address, unknown) in [
        ("module.a.x", "{\"id\": true, \"identity_pool_id\": true, \"role_mapping\": [{\"mapping_rule\": [{}]}]}"),
        ("module.a.aws_cognito_identity_pool.main", "{\"id\": true, \"arn\": true, \"tags_all\": {}}"),
        ("module.a.y", "false"),
    ] {
        assert!(read(&with_unknown(address, unknown)).is_ok(), "{unknown}");
    }
}

/// A plan of two pools, one of them in a module called twice; `configuration` is where the attachment's id comes from.
fn plan_of_two(attachment: &str, reference: &str) -> String {
    let pool = |address: &str| {
        serde_json::json!({"address": address, "mode": "managed", "type": "aws_cognito_identity_pool",
            "values": {"identity_pool_name": "p", "allow_unauthenticated_identities": true}})
    };
    let attached = |of: &str| serde_json::json!({"address": of, "expressions": {"identity_pool_id": {"references": [format!("{reference}.id"), reference]}}});
    let local = "aws_cognito_identity_pool_roles_attachment.x";
    serde_json::json!({
        "planned_values": {"root_module": {"resources": [
            pool("aws_cognito_identity_pool.a"), pool("aws_cognito_identity_pool.b"),
            pool("aws_cognito_identity_pool.n[0]"), pool("aws_cognito_identity_pool.n[1]"),
            {"address": attachment, "mode": "managed", "type": "aws_cognito_identity_pool_roles_attachment",
             "values": {"roles": {"authenticated": "arn:aws:iam::111122223333:role/A"}, "role_mapping": []}}],
          "child_modules": [{"resources": [pool("module.m[\"k\"].aws_cognito_identity_pool.a")]}]}},
        "configuration": {"root_module": {
            "resources": [attached(local)],
            "module_calls": {"m": {
                "expressions": {"pool": {"references": ["aws_cognito_identity_pool.b.id", "aws_cognito_identity_pool.b"]},
                    "circle": {"references": ["module.m.circle"]}},
                "module": {"resources": [attached(local)],
                    "outputs": {"id": {"expression": {"references": ["aws_cognito_identity_pool.a.id", "aws_cognito_identity_pool.a"]}},
                        "circle": {"expression": {"references": ["var.circle"]}}}}}}}}
    })
    .to_string()
}

#[test]
fn a_resource_is_attached_to_the_pool_it_refers_to() {
    const ROOT: &str = "aws_cognito_identity_pool_roles_attachment.x";
    const INNER: &str = "module.m[\"k\"].aws_cognito_identity_pool_roles_attachment.x";
    let of_inner = "module.m[\"k\"].aws_cognito_identity_pool.a";
    for (attachment, reference, pool, expected) in [
        (ROOT, "aws_cognito_identity_pool.a", "aws_cognito_identity_pool.a", Some(true)),
        (ROOT, "aws_cognito_identity_pool.b", "aws_cognito_identity_pool.a", Some(false)),
        (ROOT, "aws_cognito_identity_pool.n[0]", "aws_cognito_identity_pool.n[0]", Some(true)),
        (ROOT, "aws_cognito_identity_pool.n[0]", "aws_cognito_identity_pool.n[1]", Some(false)),
        (ROOT, "aws_cognito_identity_pool.n", "aws_cognito_identity_pool.n[1]", None),
        (ROOT, "aws_cognito_identity_pool.n", "aws_cognito_identity_pool.a", Some(false)),
        (ROOT, "aws_cognito_identity_pool.gone", "aws_cognito_identity_pool.a", None),
        (ROOT, "data.aws_cognito_identity_pool.a", "aws_cognito_identity_pool.a", None),
        (ROOT, "local.pool", "aws_cognito_identity_pool.a", None),
        (ROOT, "module.m", "aws_cognito_identity_pool.a", Some(false)),
        (ROOT, "module.m", of_inner, Some(true)),
        (ROOT, "var.pool", "aws_cognito_identity_pool.b", None),
        (INNER, "aws_cognito_identity_pool.a", of_inner, Some(true)),
        (INNER, "aws_cognito_identity_pool.a", "aws_cognito_identity_pool.a", Some(false)),
        (INNER, "var.pool", "aws_cognito_identity_pool.b", Some(true)),
        (INNER, "var.pool", of_inner, Some(false)),
        (INNER, "var.circle", "aws_cognito_identity_pool.b", None),
    ] {
        let told = format!("{reference} of {attachment} for {pool}");
        let read =
            Pool::from_terraform("plan.json", &plan_of_two(attachment, reference), Some(pool), Some("us-east-1:1a2b"));
        match (read, expected) {
            (Ok(read), Some(expected)) => assert_eq!(read.authenticated_role().is_some(), expected, "{told}"),
            (Err(error), None) => assert!(error.to_string().contains("no certain pool"), "{told}: {error}"),
            (read, _) => panic!("{told}: {read:?}"),
        }
    }
    let mute = plan_of_two(ROOT, "aws_cognito_identity_pool.a").replace("configuration", "other");
    let read = Pool::from_terraform("plan.json", &mute, Some("aws_cognito_identity_pool.a"), Some("us-east-1:1a2b"));
    assert!(read.unwrap_err().to_string().contains("no certain pool"));
}

/// Every value of what is attached, replaced by something else or taken out: a template is refused, or its mapping stays.
#[test]
fn no_edit_makes_a_mapping_vanish() {
    let others = [
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[\"a\"]",
        "{\"a\": \"b\"}",
        "\"x\"",
        "{\"Ref\": \"Account\"}",
        "{\"Ref\": \"No\"}",
        "{\"Fn::If\": [\"a\", \"b\", \"c\"]}",
        "{\"Fn::Join\": [\":\", \"a\"]}",
        "{\"Fn::GetAtt\": {}}",
    ];
    let others: Vec<serde_json::Value> = others.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let template: serde_json::Value = serde_json::from_str(TEMPLATE).unwrap();
    let plan: serde_json::Value = serde_json::from_str(PLAN).unwrap();
    let of_plan = "/planned_values/root_module/child_modules/0/resources";
    let places = [
        (&template, "/Resources/Roles/Properties".to_owned()),
        (&template, "/Resources/Pool/Properties".to_owned()),
        (&plan, format!("{of_plan}/0/values")),
        (&plan, format!("{of_plan}/1/values")),
    ];
    // An object without members and a list without items are no mappings by right, and another id is another pool's.
    let by_right = |path: &str, other: Option<&serde_json::Value>| match path.rsplit('/').next().unwrap() {
        "RoleMappings" => other.is_none_or(|other| *other == serde_json::json!({})),
        "users" => other.is_none(),
        "role_mapping" => other == Some(&serde_json::json!([])),
        "identity_pool_id" => other.is_some_and(serde_json::Value::is_string),
        _ => false,
    };
    let mut edits = 0;
    for (whole, top) in places {
        let mut paths = Vec::new();
        collect(whole.pointer(&top).unwrap(), &top, &mut paths);
        for path in paths {
            for other in others.iter().map(Some).chain([None]) {
                if by_right(&path, other) || (other.is_none() && path.ends_with("/0")) {
                    continue;
                }
                let mut edited = whole.clone();
                let (parent, name) = path.rsplit_once('/').unwrap();
                match (other, edited.pointer_mut(parent).unwrap()) {
                    (Some(other), _) => *edited.pointer_mut(&path).unwrap() = other.clone(),
                    (None, serde_json::Value::Object(members)) => drop(members.remove(name)),
                    (None, _) => continue,
                }
                let text = edited.to_string();
                let read = match std::ptr::eq(whole, &raw const template) {
                    true => Pool::from_cloudformation("t", &text, &values(), ASKED),
                    false => Pool::from_terraform("t", &text, None, None),
                };
                edits += 1;
                match read {
                    Ok(pool) => assert_eq!(pool.mappings().count(), 1, "{path} {other:?}"),
                    Err(error) => assert!(error.to_string().starts_with("t:"), "{path} {other:?}: {error}"),
                }
            }
        }
    }
    assert!(edits > 500, "{edits}");
}

fn collect(value: &serde_json::Value, path: &str, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match value {
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect(value, &format!("{path}/{name}"), paths));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &format!("{path}/{index}"), paths));
        }
        _ => {}
    }
}
