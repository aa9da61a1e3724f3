//! What the file of an application of the Python library declares.

use std::rc::Rc;

use super::{
    note::Note,
    resolve::{Resolved, Resolver},
    yaml::{Entry, Node, NodeKind, Place},
};

/// The connections that a file declares, in its order.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) declarations: Vec<Declaration>,
    /// Keys of the file that say nothing of connections.
    pub(super) others: Vec<String>,
    /// What is wrong with items that are not among the declarations.
    pub(super) problems: Vec<Note>,
}

/// One item of the list `connections`.
#[derive(Clone)]
pub(super) struct Declaration {
    pub(super) id: String,
    pub(super) type_name: String,
    pub(super) enabled: bool,
    /// The path of the file with its fields, and where it is given.
    pub(super) config_file: Option<(String, Place)>,
    /// The other keys of the item.
    pub(super) fields: Vec<Entry>,
    pub(super) place: Place,
    /// Its place in the list.
    pub(super) index: usize,
}

/// The declarations of a file, and everything that is wrong with them; an error when there is no list of them.
pub(super) fn declarations(root: &Rc<Node>) -> Result<Application, Note> {
    let list = match (root.entries(), root.get("connections").map(|node| (&node.kind, node))) {
        (Some(_), Some((NodeKind::List(items), _))) => items,
        (Some(_), Some((_, node))) => return Err(wrong(node, "`connections` must be a list")),
        _ => return Err(Note::error(root.place.clone(), "there is no list `connections`").help(SHAPE)),
    };
    let resolver = Resolver::new(Rc::clone(root));
    let (mut declarations, mut problems) = (Vec::new(), Vec::new());
    for (index, item) in list.iter().enumerate() {
        let mut reader = Reader { resolver: &resolver, item, index, problems: &mut problems };
        declarations.extend(reader.declaration());
    }
    let others = root.entries().unwrap_or_default().iter().map(|entry| entry.key.clone());
    let others = others.filter(|key| key != "connections").collect();
    Ok(Application { declarations, others, problems })
}

/// Reads one item.
struct Reader<'a> {
    resolver: &'a Resolver,
    item: &'a Rc<Node>,
    index: usize,
    problems: &'a mut Vec<Note>,
}

impl Reader<'_> {
    /// `None` when something is wrong with it.
    fn declaration(&mut self) -> Option<Declaration> {
        let Some(entries) = self.item.entries() else {
            self.problems.push(wrong(self.item, "a connection must be a map"));
            return None;
        };
        let fields = entries.iter().filter(|entry| !OWN.contains(&entry.key.as_str())).cloned().collect();
        let (id, type_name) = (self.required("id"), self.required("type"));
        let (enabled, config_file) = (self.enabled(), self.optional("config_file"));
        Some(Declaration {
            id: id?,
            type_name: type_name?,
            enabled,
            config_file,
            fields,
            place: self.item.place.clone(),
            index: self.index,
        })
    }

    fn required(&mut self, key: &str) -> Option<String> {
        if self.item.get(key).is_none() {
            self.problems
                .push(Note::error(self.item.place.clone(), format!("a connection without `{key}`")).help(SHAPE));
        }
        self.optional(key).map(|(text, _)| text)
    }

    /// The text of a key, placeholders resolved; one for a variable has no place here.
    fn optional(&mut self, key: &str) -> Option<(String, Place)> {
        let node = self.item.get(key)?;
        let text = match &node.kind {
            NodeKind::Text(text) => match self.resolver.resolve(text, &self.path(key)) {
                Ok(Resolved::Text { pieces, .. }) => super::interpolation::literal(&pieces),
                Ok(Resolved::Node(node, _)) => plain(&node),
                Err(_) => None,
            },
            NodeKind::Null if key == "config_file" => return None,
            _ => plain(node),
        };
        if text.is_none() {
            self.problems.push(wrong(node, &format!("`{key}` must be a string without variables")));
        }
        text.map(|text| (text, node.place.clone()))
    }

    fn enabled(&mut self) -> bool {
        let Some(node) = self.item.get("enabled") else { return true };
        let resolved = match &node.kind {
            NodeKind::Text(text) => self.resolver.resolve(text, &self.path("enabled")).ok(),
            _ => None,
        };
        let node = match &resolved {
            Some(Resolved::Node(node, _)) => node,
            _ => node,
        };
        let NodeKind::Boolean(enabled) = node.kind else {
            let help = "what depends on the environment goes into a profile: see the guide of the configuration";
            self.problems.push(wrong(node, "`enabled` must be true or false").help(help));
            return true;
        };
        enabled
    }

    fn path(&self, key: &str) -> Vec<String> {
        path(self.index, key)
    }
}

// By hand: the fields are values.
impl std::fmt::Debug for Declaration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, type_name, enabled, config_file, fields: _, place, index } = self;
        f.debug_struct("Declaration")
            .field("id", id)
            .field("type_name", type_name)
            .field("enabled", enabled)
            .field("config_file", config_file)
            .field("place", place)
            .field("index", index)
            .finish_non_exhaustive()
    }
}

/// The path of a key of an item in the tree.
pub(super) fn path(index: usize, key: &str) -> Vec<String> {
    vec!["connections".to_owned(), index.to_string(), key.to_owned()]
}

fn plain(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Integer(integer) => Some(integer.to_string()),
        _ => None,
    }
}

fn wrong(node: &Node, message: &str) -> Note {
    Note::error(node.place.clone(), format!("{message}, found {}", node.what())).help(SHAPE)
}

/// The keys that are no fields.
const OWN: [&str; 4] = ["id", "type", "enabled", "config_file"];

const SHAPE: &str = "the file of the Python library has `connections:` and below it `- id: NAME`, `type: TYPE`";
