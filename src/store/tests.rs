//! Objects on the file system that is here: by hard links, unless it can do better.

use super::*;

struct Scene {
    folder: tempfile::TempDir,
    store: Store,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        Self { folder, store }
    }

    fn objects(&self, link_mode: LinkMode, access: Access) -> Objects {
        Objects::of(&self.store, link_mode, access, Access::Shared)
    }

    fn file(&self, name: &str, bytes: &[u8], access: Access) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::atomic_write(&path, bytes, access).unwrap();
        path
    }

    fn links(&self, path: &Path) -> u64 {
        fs::metadata(path).unwrap().unwrap().nlink()
    }
}

const BYTES: &[u8] = b"the same bytes";

#[test]
fn two_files_of_the_same_bytes_become_one() {
    let scene = Scene::new();
    let objects = scene.objects(LinkMode::HardLink, Access::Shared);
    let sha256 = Digest::sha256(BYTES);
    let (one, other) = (scene.file("one", BYTES, Access::Shared), scene.file("other", BYTES, Access::Shared));
    assert_eq!(objects.share(&one, &sha256).unwrap(), Outcome::Made);
    assert_eq!(objects.share(&other, &sha256).unwrap(), Outcome::Joined);
    assert_eq!(objects.share(&one, &sha256).unwrap(), Outcome::Joined, "again changes nothing");
    assert_eq!(scene.links(&objects.place(&sha256)), 3);
    let found = fs::metadata(&one).unwrap().unwrap();
    assert_eq!(found.mode() & 0o222, 0, "an edit in place would damage both");
    assert_eq!(std::fs::read(&other).unwrap(), BYTES);
    assert!(fs::list_dir(&scene.store.tmp()).unwrap().is_empty());
}

#[test]
fn a_private_file_is_never_one_with_a_shared_one() {
    let scene = Scene::new();
    let sha256 = Digest::sha256(BYTES);
    let (open, closed) = (scene.file("open", BYTES, Access::Shared), scene.file("closed", BYTES, Access::Private));
    let shared = scene.objects(LinkMode::HardLink, Access::Shared);
    assert_eq!(shared.share(&open, &sha256).unwrap(), Outcome::Made);
    let private = scene.objects(LinkMode::HardLink, Access::Private);
    assert_eq!(private.share(&closed, &sha256).unwrap(), Outcome::Left);
    assert_eq!(scene.links(&closed), 1);
    assert_eq!(fs::metadata(&closed).unwrap().unwrap().mode() & 0o777, 0o600);
    // Handed out it is a copy, which is still no download.
    let to = scene.folder.path().join("to/closed");
    assert_eq!(private.hand_out(&[sha256], None, &to).unwrap(), Some(ByteSize(BYTES.len() as u64)));
    assert_eq!((scene.links(&to), fs::metadata(&to).unwrap().unwrap().mode() & 0o777), (1, 0o600));
}

#[test]
fn a_damaged_object_is_set_aside_and_never_spreads() {
    let scene = Scene::new();
    let objects = scene.objects(LinkMode::Auto, Access::Shared);
    let sha256 = Digest::sha256(BYTES);
    let one = scene.file("one", BYTES, Access::Shared);
    objects.share(&one, &sha256).unwrap();
    let damage = || {
        fs::set_mode(&objects.place(&sha256), 0o644).unwrap();
        std::fs::write(objects.place(&sha256), b"THE SAME BYTES").unwrap();
        fs::set_mode(&objects.place(&sha256), 0o444).unwrap();
    };
    damage();
    let to = scene.folder.path().join("to");
    assert_eq!(objects.hand_out(&[sha256], None, &to).unwrap(), None);
    assert!(!to.exists() && !objects.place(&sha256).exists());
    assert_eq!(fs::list_dir(&scene.store.quarantine()).unwrap().len(), 1);
    // The same when a good file is to join a damaged object: the object is made anew of it.
    let second = scene.file("second", BYTES, Access::Shared);
    objects.share(&second, &sha256).unwrap();
    damage();
    let third = scene.file("third", BYTES, Access::Shared);
    assert_eq!(objects.share(&third, &sha256).unwrap(), Outcome::Made);
    assert_eq!(std::fs::read(&third).unwrap(), BYTES);
    assert_eq!(std::fs::read(objects.place(&sha256)).unwrap(), BYTES);
    assert_eq!(fs::list_dir(&scene.store.quarantine()).unwrap().len(), 2);
    assert!(fs::list_dir(&scene.store.tmp()).unwrap().is_empty());
}

#[test]
fn an_object_is_handed_out_only_with_all_digests_that_are_known() {
    let scene = Scene::new();
    let objects = scene.objects(LinkMode::Auto, Access::Shared);
    let sha256 = Digest::sha256(BYTES);
    objects.share(&scene.file("one", BYTES, Access::Shared), &sha256).unwrap();
    let md5 = digests_of(&objects.place(&sha256), &[Algorithm::Md5], &|_| ()).unwrap()[0];
    let other = Digest::from_hex(Algorithm::Md5, &"0".repeat(32)).unwrap();
    let to = scene.folder.path().join("to");
    assert_eq!(objects.hand_out(&[md5], None, &to).unwrap(), None, "no name to look for");
    assert_eq!(objects.hand_out(&[sha256, other], None, &to).unwrap(), None);
    assert_eq!(objects.hand_out(&[sha256], Some(ByteSize(3)), &to).unwrap(), None);
    assert!(objects.place(&sha256).exists(), "it is what its name says");
    assert!(objects.hand_out(&[md5, sha256], Some(ByteSize(BYTES.len() as u64)), &to).unwrap().is_some());
    assert_eq!(std::fs::read(&to).unwrap(), BYTES);
}

#[test]
fn a_file_that_somebody_has_by_another_name_stays_writable() {
    let scene = Scene::new();
    let objects = scene.objects(LinkMode::HardLink, Access::Shared);
    let own = scene.file("own", BYTES, Access::Shared);
    let taken = scene.folder.path().join("taken");
    std::fs::hard_link(&own, &taken).unwrap();
    assert_eq!(objects.share(&taken, &Digest::sha256(BYTES)).unwrap(), Outcome::Left);
    assert_eq!(fs::metadata(&own).unwrap().unwrap().mode() & 0o777, 0o644);
}

#[test]
fn without_links_nothing_is_kept_twice_unless_asked_for() {
    let scene = Scene::new();
    let sha256 = Digest::sha256(BYTES);
    let file = scene.file("one", BYTES, Access::Shared);
    if !shares_extents(&scene.store).unwrap() {
        assert_eq!(scene.objects(LinkMode::Reflink, Access::Shared).share(&file, &sha256).unwrap(), Outcome::Left);
        assert!(super::objects(&scene.store).unwrap().is_empty());
    }
    let copies = scene.objects(LinkMode::Copy, Access::Shared);
    assert_eq!(copies.share(&file, &sha256).unwrap(), Outcome::Made);
    let found = super::objects(&scene.store).unwrap();
    assert_eq!(found.len(), 1);
    assert!(!found[0].is_linked && found[0].sha256 == sha256);
}
