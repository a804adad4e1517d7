//! Git tree ids: what proves the contents of a generated archive.
//!
//! A git tree object lists the entries of one folder as `<mode> <name>\0<20 bytes>`, sorted
//! by name with folders compared as if their names ended in `/`; its id is SHA-1 over
//! `tree <length>\0` and that list. Source: Git's own documentation of objects
//! (`gitformat-pack`, Pro Git chapter 10.2), and checked against `git write-tree`.

use std::collections::BTreeMap;

use crate::values::{Algorithm, Digest, Digester};

/// What a name in a tree stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 100644.
    File,
    /// 100755.
    Executable,
    /// 120000; the blob holds the target.
    Link,
}

/// A tree being put together.
#[derive(Debug, Default)]
pub struct Tree {
    entries: BTreeMap<String, Node>,
}

#[derive(Debug)]
enum Node {
    Blob(Mode, Digest),
    Tree(Tree),
}

impl Tree {
    /// Adds a file by its `/`-separated path. A path that runs through a file, or comes twice,
    /// replaces what was there and so changes the id.
    pub fn insert(&mut self, path: &str, mode: Mode, blob: Digest) {
        match path.split_once('/') {
            None => {
                self.entries.insert(path.to_owned(), Node::Blob(mode, blob));
            }
            Some((folder, below)) => {
                let node = self.entries.entry(folder.to_owned()).or_insert_with(|| Node::Tree(Self::default()));
                if !matches!(node, Node::Tree(_)) {
                    *node = Node::Tree(Self::default());
                }
                if let Node::Tree(tree) = node {
                    tree.insert(below, mode, blob);
                }
            }
        }
    }

    /// The tree's id.
    pub fn id(&self) -> Digest {
        let mut listed: Vec<(String, &'static str, &str, Digest)> = self
            .entries
            .iter()
            .map(|(name, node)| match node {
                Node::Blob(mode, blob) => (name.clone(), mode.digits(), name.as_str(), *blob),
                Node::Tree(tree) => (format!("{name}/"), "40000", name.as_str(), tree.id()),
            })
            .collect();
        listed.sort();
        let mut body = Vec::new();
        for (_, mode, name, id) in &listed {
            body.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            body.extend_from_slice(id.bytes());
        }
        let mut digester = Digester::new(Algorithm::Sha1, None);
        digester.update(format!("tree {}\0", body.len()).as_bytes());
        digester.update(&body);
        digester.finish()
    }
}

impl Mode {
    fn digits(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ByteSize;

    fn blob(bytes: &[u8]) -> Digest {
        let mut digester = Digester::new(Algorithm::GitBlob, Some(ByteSize(bytes.len() as u64)));
        digester.update(bytes);
        digester.finish()
    }

    #[test]
    fn the_empty_tree_has_gits_well_known_id() {
        assert_eq!(Tree::default().id().hex(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }

    /// Made with `git write-tree` 2.47 over these five files; `a-b` sorts before the folder `a`.
    #[test]
    fn agrees_with_git_on_order_and_modes() {
        let mut tree = Tree::default();
        tree.insert("a/x.txt", Mode::File, blob(b"one\n"));
        tree.insert("a-b", Mode::File, blob(b"two\n"));
        tree.insert("a.c", Mode::Executable, blob(b"three\n"));
        tree.insert("a/y/z", Mode::File, blob(b""));
        tree.insert("link", Mode::Link, blob(b"a/x.txt"));
        assert_eq!(tree.id().hex(), "d5179f311536f04d092ebe2e5496bfb3ec98e390");
    }
}
