use super::*;
use crate::project::Manifest;

const FILE: &str = "# The lung project\n\n[project]\nname = \"lung\" # short\n\n# images\n[[dataset]]\nid = \"chexpert\"\n\
    version = \"1.0\"   # the first\n# source = \"aimi\"\n\n[[dataset]]\nid = \"medquad\"\n# what we make\n[[output]]\n\
    name = \"w\"\nkind = \"weights\"\nfrom = [\"chexpert\"]\n\n# end\n";

fn table(id: &str) -> DatasetTable {
    DatasetTable { id: id.into(), version: Some("1.0".into()), ..DatasetTable::default() }
}

/// The text with Windows line ends.
fn windows(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn a_dataset_is_added_below_the_last_one() {
    let new = DatasetTable { include: vec!["labels/**".into(), "a\"b\\c".into()], ..table("mura") };
    let text = add("m.toml", FILE, &new).unwrap();
    let expected = "id = \"medquad\"\n\n[[dataset]]\nid = \"mura\"\nversion = \"1.0\"\n\
        include = [\"labels/**\", 'a\"b\\c']\n# what we make\n[[output]]";
    assert!(text.contains(expected), "{text}");
    assert_eq!(datasets("m.toml", &text).unwrap()[2], new);
    let first = add("m.toml", "[project]\nname = \"x\"\n\n[policy]\nacts = []\n", &table("demo")).unwrap();
    assert_eq!(
        first,
        "[project]\nname = \"x\"\n\n[[dataset]]\nid = \"demo\"\nversion = \"1.0\"\n\n[policy]\nacts = []\n"
    );
    let inline = add("m.toml", "project = { name = \"x\" }\npolicy = { acts = [] }", &table("demo")).unwrap();
    assert!(inline.ends_with("policy = { acts = [] }\n\n[[dataset]]\nid = \"demo\"\nversion = \"1.0\""), "{inline}");
    Manifest::read("m.toml", &inline).unwrap();
}

#[test]
fn a_dataset_is_added_in_the_order_that_there_is() {
    #[track_caller]
    fn check(there: &[&str], id: &str, expected: &[&str]) {
        let tables: String = there.iter().map(|id| format!("\n# about {id}\n[[dataset]]\nid = \"{id}\"\n")).collect();
        let text = format!("[project]\nname = \"x\"\n{tables}");
        let added = add("m.toml", &text, &table(id)).unwrap();
        let ids: Vec<String> = datasets("m.toml", &added).unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(ids, expected, "{added}");
        there.iter().for_each(|id| assert!(added.contains(&format!("# about {id}\n[[dataset]]\nid = \"{id}\""))));
        let place = ids.iter().position(|one| one == id).unwrap();
        assert_eq!(remove("m.toml", &added, place).unwrap(), text);
    }
    check(&["b", "d"], "a", &["a", "b", "d"]);
    check(&["b", "d"], "c", &["b", "c", "d"]);
    check(&["b", "d"], "e", &["b", "d", "e"]);
    check(&["d", "b"], "c", &["d", "b", "c"]); // nobody keeps an order here
}

#[test]
fn a_byte_order_mark_stays_in_front() {
    for rest in ["[project]\nname = \"x\"\n", ""] {
        let text = format!("\u{feff}[[dataset]]\nid = \"a\"\n\n{rest}");
        assert_eq!(remove("m.toml", &text, 0).unwrap(), format!("\u{feff}{rest}"));
    }
}

#[test]
fn a_dataset_goes_with_its_own_comments_and_no_others() {
    let text = remove("m.toml", FILE, 0).unwrap();
    assert_eq!(
        text,
        "# The lung project\n\n[project]\nname = \"lung\" # short\n\n[[dataset]]\nid = \"medquad\"\n# what we make\n\
         [[output]]\nname = \"w\"\nkind = \"weights\"\nfrom = [\"chexpert\"]\n\n# end\n"
    );
    let text = remove("m.toml", FILE, 1).unwrap();
    assert!(text.contains("# source = \"aimi\"\n# what we make\n[[output]]"), "{text}");
    assert_eq!(
        remove("m.toml", "# a\n[[dataset]]\nid = \"a\"\n\n[project]\nname = \"x\"\n", 0).unwrap(),
        "[project]\nname = \"x\"\n"
    );
    // The last line of a text is no comment.
    let tricky = "[project]\nname = '''\n# a'''\n[[dataset]]\nid = \"a\"\n";
    assert_eq!(remove("m.toml", tricky, 0).unwrap(), "[project]\nname = '''\n# a'''\n");
}

#[test]
fn a_table_is_changed_in_its_place() {
    let new = DatasetTable { version: Some("2.0".into()), source: Some("aimi".into()), ..table("chexpert") };
    let text = change("m.toml", FILE, 0, &new).unwrap();
    assert_eq!(
        text,
        FILE.replace("version = \"1.0\"   # the first\n", "version = \"2.0\"   # the first\nsource = \"aimi\"\n")
    );
    assert_eq!(change("m.toml", &windows(FILE), 0, &new).unwrap(), windows(&text));
    assert_eq!(change("m.toml", &text, 0, &table("chexpert")).unwrap(), FILE);
}

#[test]
fn no_comment_of_a_value_is_lost() {
    let text = "[project]\nname = \"x\"\n[[dataset]]\n  id = \"a\"\n  version = \"1.0\"\n  include = [\n    \"x#y\", # labels\n\
        \x20   # later: images\n    \"z\"\n  ] # both\n  exclude = [\"q\"] # not these\n";
    let with = |include: &[&str]| DatasetTable {
        include: include.iter().map(|one| (*one).to_owned()).collect(),
        exclude: vec!["q".into()],
        ..table("a")
    };
    let changed = change("m.toml", text, 0, &with(&["z"])).unwrap();
    let expected = "  version = \"1.0\"\n  # labels\n  # later: images\n  include = [\"z\"] # both\n  exclude = [\"q\"] # not these\n";
    assert!(changed.ends_with(expected), "{changed}");
    let without = change("m.toml", text, 0, &table("a")).unwrap();
    let expected = "  version = \"1.0\"\n  # labels\n  # later: images\n  # both\n  # not these\n";
    assert!(without.ends_with(expected), "{without}");
}

#[test]
fn what_cannot_be_edited_is_told_with_its_line() {
    let list = "[project]\nname = \"x\"\n".replace("[project]\nname", "dataset = [{ id = \"a\" }]\nproject.name");
    for text in [list.as_str(), "dataset = []\n"] {
        let error = add("m.toml", text, &table("demo")).unwrap_err();
        assert_eq!(error, EditError::OneList { name: "m.toml".into(), line: 1 });
    }
    for (text, line) in [("[project]\nname = = 1\n", 2), ("[project]\nname = \"x\"\ncolour = 1\n", 3)] {
        match change("m.toml", text, 0, &table("demo")).unwrap_err() {
            EditError::Broken(broken) => assert_eq!(broken.first.line, line, "{}", broken.shown),
            other @ EditError::OneList { .. } => panic!("{other}"),
        }
    }
}

/// Numbers that look like chance and are the same each time (a linear congruence, Knuth).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    fn one<'o>(&mut self, of: &[&'o str]) -> &'o str {
        of[self.roll(of.len())]
    }
}

/// A project file as somebody might have written it, and its comments.
fn made_up(dice: &mut Dice) -> (String, Vec<String>) {
    let mut comments = Vec::new();
    let mut comment = |dice: &mut Dice| {
        let text = format!("# note {} [[dataset]] \"{}\"", comments.len(), dice.roll(9));
        comments.push(text.clone());
        text
    };
    let mut text = String::new();
    let mut tables = vec![0; 1 + dice.roll(4)];
    tables.insert(dice.roll(tables.len() + 1), 1);
    tables.extend((0..dice.roll(3)).map(|_| 2));
    for (number, kind) in tables.into_iter().enumerate() {
        for _ in 0..dice.roll(3) {
            text.push_str(dice.one(&["\n", "\n\n", "  \n"]));
            let line = if dice.roll(2) == 0 { comment(dice) + "\n" } else { String::new() };
            text.push_str(&line);
        }
        let header = ["[[dataset]]", "[project]", "[[output]]"][kind];
        text.push_str(dice.one(&["", "  "]));
        text.push_str(header);
        let mut lines = match kind {
            0 => vec![format!("id = \"set-{number}\""), format!("version = '{}'", dice.roll(9))],
            1 => vec!["name = \"\"\"\n# no comment\n# none\"\"\"".to_owned()],
            _ => {
                vec![format!("name = \"out-{number}\""), "kind = \"weights\"".to_owned(), "from = [\"set\"]".to_owned()]
            }
        };
        if kind == 0 && dice.roll(2) == 0 {
            let (one, other) = (comment(dice), comment(dice));
            lines.push(format!("include = [ {one}\n \"#a\", {other}\n'b' ]"));
        }
        for line in lines {
            text.push_str(&if dice.roll(4) == 0 { format!(" {}", comment(dice)) } else { String::new() });
            text.push('\n');
            text.push_str(&if dice.roll(5) == 0 { comment(dice) + "\n" } else { String::new() });
            text.push_str(&line);
        }
        text.push('\n');
        text.push_str(&if dice.roll(4) == 0 { comment(dice) + "\n" } else { String::new() });
    }
    match dice.roll(3) {
        0 => text = text.trim_end().to_owned(),
        1 => text.push_str("\n\n"),
        _ => {}
    }
    (if dice.roll(2) == 0 { windows(&text) } else { text }, comments)
}

#[test]
fn adding_and_dropping_gives_the_text_that_was_and_no_edit_loses_a_comment() {
    let mut dice = Dice(20_261_128);
    for _ in 0..2_000 {
        let (text, comments) = made_up(&mut dice);
        let before = datasets("m.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let new = DatasetTable { exclude: vec!["x".into()], variant: Some("v".into()), ..table("new") };
        let added = add("m.toml", &text, &new).unwrap();
        let mut after = datasets("m.toml", &added).unwrap();
        let place = after.iter().position(|one| *one == new).unwrap();
        assert_eq!(remove("m.toml", &added, place).unwrap(), text, "{added}");
        after.remove(place);
        assert_eq!(after, before);
        assert_eq!(added.contains('\r'), text.contains('\r'));
        assert!(
            !added.replace("\r\n", "").contains('\r')
                && (!text.contains('\r') || !added.replace("\r\n", "").contains('\n'))
        );
        let index = dice.roll(before.len());
        let other = DatasetTable { id: before[index].id.clone(), ..new };
        let changed = change("m.toml", &text, index, &other).unwrap();
        assert_eq!(datasets("m.toml", &changed).unwrap()[index], other, "{changed}");
        for edited in [&added, &changed] {
            let lost: Vec<&String> = comments.iter().filter(|comment| !edited.contains(comment.as_str())).collect();
            assert!(lost.is_empty(), "{lost:?}\n{text}\n->\n{edited}");
        }
        let removed = remove("m.toml", &text, index).unwrap();
        let mut rest = before;
        rest.remove(index);
        assert_eq!(datasets("m.toml", &removed).unwrap(), rest, "{text}\n->\n{removed}");
    }
}
