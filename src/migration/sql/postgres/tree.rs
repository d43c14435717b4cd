//! `Tree`: one statement of PostgreSQL as a tree, flat in one list, so that the deepest one is dropped without a call
//! stack.

use std::ops::Range;

use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

/// A node or a token of the tree. Comments and white space are left out.
#[derive(Debug)]
struct Entry {
    kind: SyntaxKind,
    span: Range<usize>,
    /// The index after its last descendant.
    end: usize,
    is_token: bool,
}

/// One statement as a tree.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    text: &'t str,
    /// In the order of their first byte, parents before children.
    entries: Vec<Entry>,
}

impl<'t> Tree<'t> {
    /// Reads a statement; none where it is not PostgreSQL's grammar.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let lexed = LexedStr::new(text);
        if lexed.errors().next().is_some() {
            return None;
        }
        let output = EntryPoint::SourceFile.parse(&lexed.to_input());
        let (mut entries, mut open, mut at, mut is_sound) = (Vec::<Entry>::new(), Vec::new(), 0, true);
        lexed.intersperse_trivia(&output, &mut |step| match step {
            StrStep::Token { kind, text } => {
                let span = at..at + text.len();
                at = span.end;
                if !kind.is_trivia() {
                    let end = entries.len() + 1;
                    entries.push(Entry { kind, span, end, is_token: true });
                }
            }
            StrStep::Enter { kind } => {
                open.push(entries.len());
                entries.push(Entry { kind, span: at..at, end: 0, is_token: false });
            }
            StrStep::Exit => {
                let end = entries.len();
                if let Some(entry) = open.pop().and_then(|opened: usize| entries.get_mut(opened)) {
                    entry.end = end;
                    entry.span.end = at;
                }
            }
            StrStep::Error { .. } => is_sound = false,
        });
        (is_sound && !entries.is_empty()).then_some(Self { text, entries })
    }

    /// The statement itself; none where there is not exactly one.
    pub(super) fn statement(&self) -> Option<Node<'_>> {
        let mut nodes = Node { tree: self, at: 0 }.children().filter(|node| !node.entry().is_token);
        let statement = nodes.next()?;
        nodes.next().is_none().then_some(statement)
    }
}

/// A node or a token of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    at: usize,
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        &self.tree.entries[self.at]
    }

    /// What it is.
    pub(super) fn kind(self) -> SyntaxKind {
        self.entry().kind
    }

    /// Its text, with the comments inside of it.
    pub(super) fn text(self) -> &'t str {
        self.tree.text[self.entry().span.clone()].trim()
    }

    /// Whether it is a token.
    pub(super) fn is_token(self) -> bool {
        self.entry().is_token
    }

    /// What it is made of.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        let (tree, end) = (self.tree, self.entry().end);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let node = (at < end).then_some(Node { tree, at })?;
            at = node.entry().end;
            Some(node)
        })
    }

    /// Everything below it, parents before children.
    pub(super) fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        let tree = self.tree;
        (self.at + 1..self.entry().end).map(move |at| Node { tree, at })
    }

    /// Its first child of this kind.
    pub(super) fn child(self, kind: SyntaxKind) -> Option<Node<'t>> {
        self.children().find(|child| child.kind() == kind)
    }

    /// Whether it has a child of this kind.
    pub(super) fn has(self, kind: SyntaxKind) -> bool {
        self.child(kind).is_some()
    }

    /// The first of this kind below it.
    pub(super) fn below(self, kind: SyntaxKind) -> Option<Node<'t>> {
        self.descendants().find(|node| node.kind() == kind)
    }

    /// Everything of this kind below it.
    pub(super) fn all(self, kind: SyntaxKind) -> impl Iterator<Item = Node<'t>> {
        self.descendants().filter(move |node| node.kind() == kind)
    }
}
