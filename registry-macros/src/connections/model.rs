//! The struct that the derive stands on, as the later stages see it.

use proc_macro2::{Span, TokenStream};
use syn::{
    Data, DataStruct, DeriveInput, Error, Fields, Generics, Ident, LitStr, Path, Result, Type, Visibility,
    ext::IdentExt,
};

use super::arguments::{FieldArguments, StructArguments};
use crate::problems::Problems;

/// The struct.
pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) visibility: Visibility,
    pub(super) generics: Generics,
    pub(super) fields: Vec<Field>,
    arguments: StructArguments,
}

/// One field.
pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    /// The name of the connection.
    pub(super) name: String,
    /// Whether the author wrote the name, and where it stands.
    pub(super) given_name: Option<LitStr>,
    /// The connection type that the file is to have.
    pub(super) connection_type: Option<Path>,
}

impl Model {
    /// Reads the item; mistakes in arguments are added to `problems`.
    ///
    /// # Errors
    ///
    /// When it is no struct with named fields.
    pub(super) fn read(item: TokenStream, problems: &mut Problems) -> Result<Self> {
        let DeriveInput { attrs, vis, ident, generics, data } = syn::parse2(item)?;
        let fields = match data {
            Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => fields.named,
            _ => return Err(Error::new_spanned(ident, NEEDS_NAMED_FIELDS)),
        };
        let arguments = StructArguments::read(&attrs, problems);
        let fields: Vec<_> = fields.into_iter().filter_map(|field| Field::read(field, problems)).collect();
        refuse_repeated(&fields, problems);
        Ok(Self { ident, visibility: vis, generics, fields, arguments })
    }

    /// The main file of the configuration, relative to the folder of the manifest.
    pub(super) fn file(&self) -> Option<&LitStr> {
        self.arguments.file.as_ref()
    }

    /// The path of the facade crate.
    pub(super) fn facade(&self) -> Path {
        self.arguments.facade.path()
    }

    /// Whether [`facade`](Self::facade) is a mere guess, so that naming it may add errors.
    pub(super) fn facade_is_unknown(&self) -> bool {
        self.arguments.facade.is_unknown()
    }
}

impl Field {
    fn read(field: syn::Field, problems: &mut Problems) -> Option<Self> {
        let ident = field.ident?;
        let FieldArguments { name: given_name, connection_type } = FieldArguments::read(&field.attrs, problems);
        let name = given_name.as_ref().map_or_else(|| ident.unraw().to_string(), LitStr::value);
        Some(Self { ident, ty: field.ty, name, given_name, connection_type })
    }

    /// Where the name of the connection is written.
    pub(super) fn span(&self) -> Span {
        self.given_name.as_ref().map_or_else(|| self.ident.span(), LitStr::span)
    }

    /// Whether the field may be empty: its type is written as an `Option`.
    pub(super) fn is_optional(&self) -> bool {
        match ungrouped(&self.ty) {
            Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == "Option"),
            _ => false,
        }
    }
}

fn refuse_repeated(fields: &[Field], problems: &mut Problems) {
    for (at, field) in fields.iter().enumerate() {
        if let Some(first) = fields[..at].iter().find(|first| first.name == field.name) {
            let (name, first) = (field.name.escape_debug(), &first.ident);
            problems.at(field.span(), format!("the field `{first}` is the connection `{name}` already"));
        }
    }
}

/// The type without the parentheses, visible or not, that a macro puts around it.
fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

const NEEDS_NAMED_FIELDS: &str =
    "`Connections` is derived for a struct with named fields, each a connection: `primary_db: Conn<SqlitePool>`";
