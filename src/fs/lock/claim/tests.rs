use super::*;

const SHORT: Duration = Duration::from_millis(60);

/// A claim as another process would have written it.
fn written(path: &Path, change: impl FnOnce(&mut Owner)) -> String {
    let mut owner = Owner::me();
    change(&mut owner);
    let text = format!("{}{}", owner.line(), beat(0));
    std::fs::write(path, &text).unwrap();
    text
}

fn a_pid_that_is_gone() -> u32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn the_claim_of_a_process_that_is_gone_is_followed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.claim");
    written(&path, |owner| owner.pid = a_pid_that_is_gone());
    let claim = Claim::take(&path, &mut Watch::new(SHORT)).unwrap().unwrap();
    assert!(claim.is_mine());
    drop(claim);
    // The number of a process comes again; its time of starting does not.
    written(&path, |owner| owner.started = Some(1));
    assert!(Claim::take(&path, &mut Watch::new(SHORT)).unwrap().is_some());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn the_claim_of_a_living_process_is_never_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.claim");
    written(&path, |_| ());
    let mut watch = Watch::new(Duration::ZERO);
    for _ in 0..3 {
        assert!(Claim::take(&path, &mut watch).unwrap().is_none());
    }
}

#[test]
fn the_claim_of_another_machine_is_followed_when_nobody_touches_it() {
    #[track_caller]
    fn check(change: impl Fn(&mut Owner)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.claim");
        let text = written(&path, change);
        let mut watch = Watch::new(SHORT);
        assert!(Claim::take(&path, &mut watch).unwrap().is_none(), "it is looked at first");
        std::thread::sleep(SHORT);
        std::fs::write(&path, text.replace(&beat(0), &beat(1))).unwrap();
        assert!(Claim::take(&path, &mut watch).unwrap().is_none(), "it was touched");
        std::thread::sleep(SHORT);
        assert!(Claim::take(&path, &mut watch).unwrap().is_some());
    }
    check(|owner| owner.boot = Some("another".into()));
    check(|owner| owner.pids = Some("pid:[1]".into())); // another container
}

#[test]
fn what_is_no_claim_is_watched_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.claim");
    std::fs::write(&path, "").unwrap();
    let mut watch = Watch::new(SHORT);
    assert!(Claim::take(&path, &mut watch).unwrap().is_none());
    std::thread::sleep(SHORT);
    assert!(Claim::take(&path, &mut watch).unwrap().is_some());
}

#[test]
fn a_holder_that_was_followed_is_told_and_leaves_the_other_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.claim");
    let claim = Claim::take(&path, &mut Watch::new(SHORT)).unwrap().unwrap();
    let other = written(&path, |owner| owner.host = "elsewhere".into());
    assert!(!claim.is_mine() && !claim.seems_mine());
    drop(claim);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
}

#[test]
fn of_many_who_would_follow_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.claim");
    for _ in 0..20 {
        written(&path, |owner| owner.pid = a_pid_that_is_gone());
        let start = std::sync::Barrier::new(8);
        let taken: usize = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                Claim::take(&path, &mut Watch::new(SHORT)).unwrap()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            // All are held until all have tried.
            let claims: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            claims.iter().flatten().filter(|claim| claim.is_mine()).count()
        });
        assert_eq!(taken, 1);
    }
}
