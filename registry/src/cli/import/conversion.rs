//! From the files of the Python library to the text of a configuration.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use toml_edit::{DocumentMut, Item, Table, Value};

use super::{
    application::{self, Application, Declaration},
    convert::{At, Converter, Variable},
    name::Names,
    note::Note,
    resolve::Resolver,
    type_hint,
    yaml::{self, Entry, Node, NodeKind, Place},
};
use crate::{
    config::{self, Visibility},
    diagnostic::visible,
    factory::{ConnectionFactory, ConnectionType},
    manager,
};

/// What is made of a file.
#[derive(Debug)]
pub(super) struct Converted {
    /// The configuration. Has the secrets of the file, unless placeholders were asked for.
    pub(super) toml: Secretive,
    pub(super) notes: Vec<Note>,
    /// The variables that are to be set.
    pub(super) variables: Vec<Variable>,
    pub(super) connections: usize,
    pub(super) has_secrets: bool,
}

/// A text that may have secrets in it.
pub(super) struct Secretive(pub(super) String);

impl std::fmt::Debug for Secretive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Reads `file` and the files that it names, and makes a configuration of them. With a problem there is none, and all
/// problems that were found.
pub(super) fn convert(file: &Path, types: &ConnectionFactory, secrets_to_env: bool) -> Result<Converted, Vec<Note>> {
    let root = read(file).map_err(|note| vec![note])?;
    let Application { declarations, others, problems } = application::declarations(&root).map_err(|note| vec![note])?;
    let mut conversion = Conversion::new(file, types, secrets_to_env, root);
    conversion.converter.notes.extend(problems);
    let declarations = conversion.first_of_each(declarations);
    let sources: Vec<_> = declarations.iter().map(|declaration| conversion.source(declaration)).collect();
    conversion.converter.resolver = Resolver::new(Rc::clone(&conversion.root));
    let mut document = conversion.document(&others);
    let mut connections = Table::new();
    connections.set_implicit(true);
    for (declaration, source) in declarations.iter().zip(sources) {
        let (name, table) = conversion.connection(declaration, source);
        connections.insert(&name, Item::Table(table));
    }
    let count = connections.len();
    document.insert("connections", Item::Table(connections));
    conversion.finish(&document, count)
}

struct Conversion<'a> {
    /// The folder of the files.
    folder: PathBuf,
    file: String,
    types: &'a ConnectionFactory,
    /// All files over each other, as OmegaConf merges them.
    root: Rc<Node>,
    names: Names,
    converter: Converter,
}

/// The fields of one connection, each with its path in the tree, and where they come from.
#[derive(Default)]
struct Source {
    fields: Vec<(Entry, Vec<String>)>,
    /// A file of ours, which is named as before.
    config_file: Option<String>,
    comments: Vec<String>,
}

impl<'a> Conversion<'a> {
    fn new(file: &Path, types: &'a ConnectionFactory, secrets_to_env: bool, root: Rc<Node>) -> Self {
        Self {
            folder: file.parent().unwrap_or(Path::new("")).to_owned(),
            file: shown(file),
            types,
            converter: Converter::new(Resolver::new(Rc::clone(&root)), secrets_to_env),
            root,
            names: Names::default(),
        }
    }

    /// The declarations without those that the Python library never looks at: of one `id`, the first enabled one counts.
    fn first_of_each(&mut self, declarations: Vec<Declaration>) -> Vec<Declaration> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Declaration> = Vec::new();
        for declaration in declarations {
            let Some(&at) = places.get(&declaration.id) else {
                places.insert(declaration.id.clone(), kept.len());
                kept.push(declaration);
                continue;
            };
            let counts = !kept[at].enabled && declaration.enabled;
            let left_out = if counts { std::mem::replace(&mut kept[at], declaration) } else { declaration };
            let (id, counted) = (left_out.id.escape_debug(), &kept[at].place);
            let message = format!("the id `{id}` is declared twice: left out, since the one at {counted} counts");
            self.converter.notes.push(Note::warning(left_out.place, message));
        }
        kept
    }

    /// Reads what a declaration has in a file of its own, and merges it into the tree.
    fn source(&mut self, declaration: &Declaration) -> Source {
        let own = declaration.fields.iter();
        let own = own.map(|entry| (entry.clone(), application::path(declaration.index, &entry.key)));
        let mut source = Source { fields: own.collect(), ..Source::default() };
        let Some((path, place)) = &declaration.config_file else { return source };
        if Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
            source.config_file = Some(path.clone());
            return source;
        }
        match read(&self.folder.join(path)) {
            Ok(tree) => {
                self.root = merged(&self.root, &tree);
                self.add_file(path, &tree, declaration, &mut source);
            }
            // Nobody reads it either.
            Err(_) if !declaration.enabled => {
                source.comments.push(format!("Its fields were to be in {}, which cannot be read.", visible(path)));
                let message = format!("the fields of `{}` are missing", declaration.id.escape_debug());
                self.converter
                    .notes
                    .push(Note::warning(place.clone(), message).help("its `config_file` cannot be read"));
            }
            Err(note) => self.converter.notes.push(note),
        }
        source
    }

    /// The fields stand below the key that is called as the type, or below the only one; the item's own count more.
    fn add_file(&self, path: &str, tree: &Rc<Node>, declaration: &Declaration, source: &mut Source) {
        let entries = tree.entries().unwrap_or_default();
        let only = || entries.first().filter(|entry| entries.len() == 1 && entry.value.entries().is_some());
        let named = entries.iter().find(|entry| entry.key == declaration.type_name && entry.value.entries().is_some());
        let (fields, above) = match named.or_else(only) {
            Some(entry) => (entry.value.entries().unwrap_or_default(), vec![entry.key.clone()]),
            None => (entries, Vec::new()),
        };
        let below = |key: &str| above.iter().cloned().chain([key.to_owned()]).collect();
        let is_given = |key: &str| declaration.fields.iter().any(|entry| entry.key == key);
        let fields = fields.iter().filter(|entry| !is_given(&entry.key));
        source.fields.extend(fields.map(|entry| (entry.clone(), below(&entry.key))));
        source.comments.push(format!("Its fields were in {}.", visible(path)));
    }

    fn document(&mut self, others: &[String]) -> DocumentMut {
        let mut head = format!("# Imported from {}. Its comments are not carried over.\n", self.file);
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(|key| format!("`{}`", visible(key))).collect();
            head.push_str(&format!("# Left out, since it says nothing of connections: {}.\n", others.join(", ")));
        }
        let mut document = DocumentMut::new();
        document.decor_mut().set_prefix(head);
        document
    }

    /// The name and the table of a connection.
    fn connection(&mut self, declaration: &Declaration, source: Source) -> (String, Table) {
        let name = self.name(declaration);
        self.converter.comments.extend(source.comments);
        let mut table = Table::new();
        table.insert("type", Item::Value(Value::from(&declaration.type_name)));
        self.check_type(declaration, &source.fields);
        if !declaration.enabled {
            table.insert("enabled", Item::Value(Value::from(false)));
        }
        if let Some(path) = source.config_file {
            table.insert("config_file", Item::Value(Value::from(path)));
        }
        for (entry, path) in source.fields {
            self.field(&name, declaration, &entry, path, &mut table);
        }
        table.decor_mut().set_prefix(comment(&std::mem::take(&mut self.converter.comments)));
        (name, table)
    }

    fn name(&mut self, declaration: &Declaration) -> String {
        let (name, why) = self.names.name(&declaration.id);
        if let Some(why) = why {
            let id = declaration.id.escape_debug();
            let message = format!("the id `{id}` cannot be a name: {why}; it is `{}` now", visible(&name));
            self.converter.notes.push(Note::warning(declaration.place.clone(), message));
            self.converter.comments.push(format!("Its id was `{id}`."));
        }
        name
    }

    fn check_type(&mut self, declaration: &Declaration, fields: &[(Entry, Vec<String>)]) {
        if self.types.is_registered(&declaration.type_name) {
            return;
        }
        let linked: Vec<_> = self.types.types().iter().map(ConnectionType::name).collect();
        let backend =
            fields.iter().find(|(entry, _)| entry.key == "active_backend").map(|(entry, _)| &entry.value.kind);
        let mut words = vec![declaration.type_name.as_str()];
        if let Some(NodeKind::Text(text)) = backend {
            words.push(&text.text);
        }
        let help = match type_hint::suggestion(&words, &linked) {
            Some(near) => format!("is it `{near}`?"),
            None => format!("linked types: {}", linked.join(", ")),
        };
        let name = declaration.type_name.escape_debug();
        self.converter.comments.push(format!("No type `{name}` is linked into the program that wrote this: {help}"));
        let message = format!("no type `{name}` is linked into this program");
        self.converter.notes.push(Note::warning(declaration.place.clone(), message).help(help));
    }

    fn field(&mut self, name: &str, declaration: &Declaration, entry: &Entry, path: Vec<String>, table: &mut Table) {
        let at = At::field(name, &entry.key, path, self.is_secret_field(&declaration.type_name, &entry.key));
        if RESERVED.contains(&entry.key.as_str()) {
            let message = format!("`{}` cannot be a field here: its key is reserved", at.key_path());
            self.converter.comments.push(format!("Left out: {message}."));
            self.converter.notes.push(Note::warning(entry.place.clone(), format!("left out: {message}")));
            return;
        }
        if let Some(item) = self.converter.item(&entry.value, &at) {
            table.insert(&entry.key, item);
        }
    }

    fn is_secret_field(&self, type_name: &str, key: &str) -> bool {
        let fields = self.types.find(type_name).map(ConnectionType::fields).unwrap_or_default();
        fields.iter().any(|field| field.name == key && field.visibility == Visibility::Secret)
    }

    fn finish(self, document: &DocumentMut, connections: usize) -> Result<Converted, Vec<Note>> {
        let Converter { mut notes, variables, has_secrets, .. } = self.converter;
        notes.sort_by(|a, b| a.place().cmp(b.place()));
        if notes.iter().any(Note::is_error) {
            return Err(notes);
        }
        let toml = Secretive(document.to_string());
        Ok(Converted { toml, notes, variables, connections, has_secrets })
    }
}

fn read(path: &Path) -> Result<Rc<Node>, Note> {
    let file = shown(path);
    let text = config::read_file(path, manager::DEFAULT_MAX_CONFIG_BYTES)
        .map_err(|error| Note::error(Place::of_file(&file), format!("cannot be read: {error}")))?;
    yaml::compose(&file, &text.text)
}

/// A path as a message shows it.
fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// Two trees over each other: maps key by key, else the second.
fn merged(below: &Rc<Node>, above: &Rc<Node>) -> Rc<Node> {
    let (NodeKind::Map(under), NodeKind::Map(over)) = (&below.kind, &above.kind) else { return Rc::clone(above) };
    let mut entries: Vec<_> = under
        .iter()
        .map(|entry| match above.get(&entry.key) {
            Some(value) => Entry { value: merged(&entry.value, value), ..entry.clone() },
            None => entry.clone(),
        })
        .collect();
    entries.extend(over.iter().filter(|entry| below.get(&entry.key).is_none()).cloned());
    Rc::new(Node { kind: NodeKind::Map(entries), place: below.place.clone() })
}

/// The lines above the header of a table.
fn comment(lines: &[String]) -> String {
    let mut comment = "\n".to_owned();
    for line in lines {
        comment.push_str(&format!("# {line}\n"));
    }
    comment
}

/// The keys of a connection that are ours.
const RESERVED: [&str; 5] = ["type", "enabled", "extends", "config_file", "lifecycle"];
