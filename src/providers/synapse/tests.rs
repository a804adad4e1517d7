use super::*;

fn bundle(text: &str) -> Bundle {
    serde_json::from_str(text).unwrap()
}

/// Shortened from an answer to the client's four flags.
const FILE: &str = r#"{"entity":{"name":"train (final)","id":"syn52949999","parentId":"syn52776503",
    "concreteType":"org.sagebionetworks.repo.model.FileEntity","versionNumber":3,"versionLabel":"3",
    "isLatestVersion":true,"dataFileHandleId":"129000001"},
    "entityType":"file",
    "fileHandles":[{"id":"129000002","concreteType":"org.sagebionetworks.repo.model.file.S3FileHandle",
      "contentMd5":"900150983cd24fb0d6963f7d28e17f72","fileName":"preview.png","contentSize":3,"isPreview":true},
     {"id":"129000001","concreteType":"org.sagebionetworks.repo.model.file.S3FileHandle","contentType":"application/zip",
      "contentMd5":"0cc175b9c0f1b6a831c399e269772661","fileName":"train.zip","storageLocationId":1,
      "contentSize":12345,"status":"AVAILABLE","bucketName":"proddata.sagebase.org","key":"123/uuid/train.zip"}],
    "restrictionInformation":{"objectId":52949999,"restrictionLevel":"OPEN","hasUnmetAccessRequirement":false,
      "userEntityPermissions":{"canView":true,"canDownload":true}}}"#;

#[test]
fn a_file_is_pinned_by_version_and_handle_and_proven_by_its_own_handle() {
    let bundle = bundle(FILE);
    assert_eq!((bundle.blocked(), bundle.file_name()), (None, Some("train.zip")));
    let file = bundle.into_file(RelPath::parse("train.zip").unwrap());
    assert_eq!(file.size, Some(ByteSize(12345)));
    assert_eq!(file.digests[0].hex(), "0cc175b9c0f1b6a831c399e269772661");
    assert_eq!(file.locator().entity.as_deref(), Some("syn52949999.3"));
    assert_eq!(file.locator().file_id.as_deref(), Some("129000001"));
}

#[test]
fn what_holds_a_file_back_is_read_from_the_bundle() {
    #[track_caller]
    fn check(information: &str, expected: Option<Option<&[u64]>>) {
        let from = FILE.find("\"restrictionInformation\"").unwrap();
        let text = format!("{}\"restrictionInformation\":{information}}}", &FILE[..from]);
        let blocked = bundle(&text).blocked().map(|blocked| blocked.unmet);
        assert_eq!(blocked.as_ref().map(|unmet| unmet.as_deref()), expected, "{information}");
    }
    let detail =
        |met: bool| format!(r#"{{"accessRequirementId":9605913,"isApproved":{met},"isMet":{met},"isExempt":false}}"#);
    let unmet = format!(r#"{{"hasUnmetAccessRequirement":true,"restrictionDetails":[{}]}}"#, detail(false));
    check(&unmet, Some(Some(&[9605913])));
    check(r#"{"hasUnmetAccessRequirement":true}"#, Some(None)); // which one is not told
    check(r#"{"hasUnmetAccessRequirement":false,"userEntityPermissions":{"canDownload":false}}"#, Some(Some(&[])));
    check(&format!(r#"{{"hasUnmetAccessRequirement":false,"restrictionDetails":[{}]}}"#, detail(true)), None);
}

fn child(folder: &str, name: &str) -> Child {
    Child { id: "syn52949999".to_owned(), folder: folder.to_owned(), name: name.to_owned() }
}

#[test]
fn files_of_one_name_go_by_the_names_of_their_entities() {
    let both = [child("a/", "one"), child("a/", "two"), child("b/", "three")];
    let files = placed(both.into_iter().map(|child| (child, bundle(FILE)))).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["a/train.zip", "a/two", "b/train.zip"]);
    let same = [child("a/", "one"), child("a/", "train.zip")];
    assert!(placed(same.into_iter().map(|child| (child, bundle(FILE)))).is_err());
}

#[test]
fn a_name_with_a_folder_in_it_is_refused() {
    for name in ["../x", "a/b", "", "a\\b", "/etc"] {
        assert!(name_of(name).is_err(), "{name}");
    }
}

#[test]
fn a_version_stands_behind_a_dot() {
    assert_eq!(EntityId::of("syn12.3"), EntityId { id: "syn12", version: Some("3") });
    assert_eq!(EntityId::of("syn12"), EntityId { id: "syn12", version: None });
}

#[test]
fn long_lists_stay_below_the_pace_that_the_host_allows() {
    assert_eq!(not_before(5), Duration::ZERO);
    // In whatever minute one looks.
    for first in [0, 29, 30, 500, 5_000] {
        assert!(not_before(first + 600) - not_before(first) > Duration::from_secs(60), "{first}");
    }
}
