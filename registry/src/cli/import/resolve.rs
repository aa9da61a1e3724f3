//! What the placeholders of a string refer to, in the tree of all files.

use std::rc::Rc;

use super::{
    interpolation::{self, Fallback, Fault, NOT_FOUND, Piece},
    yaml::{Node, NodeKind, Text},
};

/// The tree of all files, in which placeholders find their values.
pub(super) struct Resolver {
    root: Rc<Node>,
}

/// What a string stands for.
#[derive(Debug)]
pub(super) enum Resolved {
    /// Literals and variables.
    Text {
        pieces: Vec<Piece>,
        /// Whether a `${NAME}` that is no key of the file was taken for a variable.
        guessed: bool,
    },
    /// Another value of the tree, with its path.
    Node(Rc<Node>, Vec<String>),
}

impl Resolver {
    pub(super) fn new(root: Rc<Node>) -> Self {
        Self { root }
    }

    /// What `text`, which stands at `path`, stands for.
    pub(super) fn resolve(&self, text: &Text, path: &[String]) -> Result<Resolved, Fault> {
        self.resolve_within(text, path, MAX_STEPS)
    }

    /// `steps` is how many placeholders may lead to another one.
    fn resolve_within(&self, text: &Text, path: &[String], steps: usize) -> Result<Resolved, Fault> {
        let steps = steps.checked_sub(1).ok_or(CIRCLE)?;
        let pieces = interpolation::pieces(text)?;
        if let [Piece::Reference(reference)] = pieces.as_slice()
            && let Some((node, path)) = self.find(reference, path)
        {
            return match &node.kind {
                NodeKind::Text(text) => self.resolve_within(text, &path, steps),
                _ => Ok(Resolved::Node(node, path)),
            };
        }
        let (mut resolved, mut guessed) = (Vec::new(), false);
        for piece in pieces {
            match piece {
                Piece::Reference(reference) => guessed |= self.append(&reference, path, steps, &mut resolved)?,
                piece => resolved.push(piece),
            }
        }
        Ok(Resolved::Text { pieces: joined(resolved), guessed })
    }

    /// Appends what a reference in the middle of a string stands for; tells whether it was taken for a variable.
    fn append(&self, reference: &str, path: &[String], steps: usize, to: &mut Vec<Piece>) -> Result<bool, Fault> {
        let Some((node, path)) = self.find(reference, path) else {
            to.push(Piece::Variable { name: guess(reference)?, default: Fallback::Missing });
            return Ok(true);
        };
        let NodeKind::Text(text) = &node.kind else {
            to.push(Piece::Literal(spelled(&node)?));
            return Ok(false);
        };
        match self.resolve_within(text, &path, steps)? {
            Resolved::Text { pieces, guessed } => {
                to.extend(pieces);
                Ok(guessed)
            }
            Resolved::Node(node, _) => {
                to.push(Piece::Literal(spelled(&node)?));
                Ok(false)
            }
        }
    }

    /// The value that a reference at `path` means, and its path. A leading dot means the map around it, a further one
    /// that around this map.
    fn find(&self, reference: &str, path: &[String]) -> Option<(Rc<Node>, Vec<String>)> {
        let name = reference.trim_start_matches('.');
        let dots = reference.len() - name.len();
        let start = if dots > 0 { path.get(..path.len().checked_sub(dots)?)? } else { &[] };
        let steps = name.split(['.', '[']).map(|step| step.trim_end_matches(']').to_owned());
        let path: Vec<_> = start.iter().cloned().chain(steps).collect();
        let node = path.iter().try_fold(Rc::clone(&self.root), |node, step| child(&node, step))?;
        Some((node, path))
    }
}

/// A name that only a variable has: OmegaConf would not load the file, other loaders take it for one.
fn guess(reference: &str) -> Result<String, Fault> {
    let is_likely = interpolation::is_variable(reference) && reference == reference.to_ascii_uppercase();
    if is_likely { Ok(reference.to_owned()) } else { Err(NOT_FOUND) }
}

fn child(node: &Node, step: &str) -> Option<Rc<Node>> {
    match &node.kind {
        NodeKind::Map(_) => node.get(step).cloned(),
        NodeKind::List(items) => items.get(step.parse::<usize>().ok()?).cloned(),
        _ => None,
    }
}

/// A value in the middle of a string, as Python spells it.
fn spelled(node: &Node) -> Result<String, Fault> {
    match &node.kind {
        NodeKind::Null => Ok("None".to_owned()),
        NodeKind::Boolean(true) => Ok("True".to_owned()),
        NodeKind::Boolean(false) => Ok("False".to_owned()),
        NodeKind::Integer(integer) => Ok(integer.to_string()),
        NodeKind::Float(float) => Ok(format!("{float:?}")),
        NodeKind::Datetime(datetime) => Ok(datetime.to_string()),
        NodeKind::Text(_) | NodeKind::List(_) | NodeKind::Map(_) => Err(INSIDE),
    }
}

/// The same with one literal where there were several in a row.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

const INSIDE: Fault =
    Fault { message: "a placeholder for a list or a map, in the middle of a string", help: "write the value itself" };

const CIRCLE: Fault = Fault {
    message: "placeholders that lead back to themselves, or through too many others",
    help: "write the value itself",
};

/// A placeholder that leads to a placeholder is rare, and one in a circle ends here.
const MAX_STEPS: usize = 16;
