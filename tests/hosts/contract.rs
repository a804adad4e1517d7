//! What every provider keeps: all files with their bytes, proven; no second listing when a
//! fetch goes on; nothing asked when all is here; and no secret anywhere but at its host.

use super::scene::{Case, Scene, expected};

/// Runs the contract against a stand-in that wants no account.
pub fn open_host(case: &Case) {
    fetches(case, &case.start());
}

/// Runs the same in a scene where what the host wants is at hand.
pub fn fetches(case: &Case, scene: &Scene) {
    // A plan shows every file and downloads none.
    let plan = scene.run(&["fetch", "toy", "--dry-run", "--json"]).expect(0);
    for (name, _) in case.toy.files.iter() {
        let shown = serde_json::to_string(name).unwrap();
        assert!(plan.stdout.contains(shown.trim_matches('"')), "{name} is not in the plan: {}", plan.stdout);
    }
    assert!(scene.store.log().is_empty());
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    scene.run(&["verify", "toy"]).expect(0);
    let asked = scene.host.log().len() + scene.store.log().len();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.host.log().len() + scene.store.log().len(), asked, "nothing is asked for what is here");
}

/// Runs the part of the contract that needs bytes to come from a second origin: an interrupted
/// fetch goes on without listing again.
pub fn goes_on_without_listing(case: &Case) {
    goes_on(case, &case.start());
}

/// Runs the same in a scene where what the host wants is at hand.
pub fn goes_on(case: &Case, scene: &Scene) {
    scene.store_fails(true);
    let ran = scene.run(&["fetch", "toy"]);
    assert_ne!(ran.code, Some(0));
    let listed = scene.asked(case.listing);
    assert!(listed > 0, "the files are listed by `{}`: {:?}", case.listing, scene.host.log());
    scene.store_fails(false);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked(case.listing), listed, "it was listed again");
    assert_eq!(scene.data(), expected(&case.toy));
}

/// Runs the contract with a token that the stand-in wants: it reaches the host and nothing else.
pub fn with_a_token(case: &Case, token: &'static str) {
    let variable = format!("MEDSETS_TOKEN_{}", case.provider.to_uppercase());
    let scene = case.start().with(&variable, token).with("MEDSETS_LOG", "trace");
    let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    assert!(scene.host.log().iter().any(|asked| asked.header("authorization").is_some()), "the host was told who asks");
    assert!(scene.store.log().iter().all(|asked| asked.header("authorization").is_none()));
    scene.never_shows(token, &[&ran]);
}
