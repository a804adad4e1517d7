//! Single members by shards: what these have read and proven is not read again.

use crate::shards::scene;

#[test]
fn a_finish_reads_no_directory_that_a_shard_has_read() {
    let scene = scene();
    let members = ["--members", "scans/**/0.png", "--include", "images/a*.zip"];
    let run = |rest: &[&str]| scene.fetch(&[&members[..], rest].concat());
    for number in 1..=2 {
        run(&["--shard", &format!("{number}/2")]).expect(0);
    }
    let before = scene.host.log().len();
    let planned = run(&["--finish", "--dry-run"]).expect(0);
    assert!(planned.stdout.contains("0 B"), "{planned:?}");
    run(&["--finish"]).expect(0);
    assert_eq!(scene.host.log().len(), before, "the host is not asked again");
    for at in 0..5 {
        assert!(scene.dir().join(format!("data/scans/a{at}/d0/0.png")).exists());
        assert!(!scene.dir().join(format!("data/scans/a{at}/d1/1.png")).exists());
    }
    scene.home.run(&["--catalog", &scene.catalog, "verify", "parts"]).expect(0);
    let receipt = std::fs::read_to_string(scene.dir().join(".medsets/receipt.json")).unwrap();
    assert_eq!(receipt.matches("directory_sha256").count(), 5, "{receipt}");
}

#[test]
fn a_glob_that_no_shard_found_a_member_for_is_told_at_the_end() {
    let scene = scene();
    let members = ["--members", "scans/**/0.png", "--members", "scans/**/nope.png", "--include", "images/a*.zip"];
    let run = |rest: &[&str]| scene.fetch(&[&members[..], rest].concat());
    run(&["--shard", "1/1"]).expect(0);
    run(&["--finish"]).expect(2).says(&["nope.png", "no member"]);
}
