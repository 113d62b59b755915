//! Why: a signature may forbid what others could still do: its author certified the file (`/DocMDP`), or it locks fields
//! (`/FieldMDP`, and `/Lock` of its own field). Whoever signs later keeps to that, and whoever validates looks whether he did.

use super::{
    Error,
    fields::Field,
    file::File,
    object::{Dictionary, Object},
    text,
};

/// Why a locked field is not filled.
pub(crate) const IS_LOCKED: &str = "an earlier signature locks it, and would be broken";
/// Why no field is made that shows.
pub(crate) const IS_CERTIFIED: &str =
    "the file is certified: a new field that shows would break that; use one that is there";

/// What signatures forbid to those after them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Locks {
    /// What may still be done: 1 nothing, 2 filling and signing, 3 also notes.
    level: Option<i64>,
    fields: Vec<Locked>,
}

/// Fields that one signature locks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Locked {
    All,
    Only(Vec<String>),
    AllBut(Vec<String>),
}

impl Locks {
    /// Those of one signature. `file` is the revision that it signed, or a later one.
    pub(crate) fn of_signature(file: &File<'_>, field: &Field) -> Result<Self, Error> {
        let signature = file.entry(&field.dictionary, "V")?.into_dictionary().unwrap_or_default();
        let mut locks = Self::default();
        if let Object::Array(references) = file.entry(&signature, "Reference")? {
            for reference in &references {
                locks.add_transform(file, reference)?;
            }
        }
        if let Object::Dictionary(lock) = file.entry(&field.dictionary, "Lock")? {
            locks.add_fields(file, &lock)?;
            if let Some(level) = file.entry(&lock, "P")?.as_integer() {
                locks.add_level(level);
            }
        }
        Ok(locks)
    }

    /// Those of all signatures in the file, and of the author's certification.
    pub(crate) fn of_file(file: &File<'_>, fields: &[Field]) -> Result<Self, Error> {
        let mut locks = Self::default();
        for field in fields.iter().filter(|field| field.is_signed()) {
            let own = Self::of_signature(file, field)?;
            own.level.into_iter().for_each(|level| locks.add_level(level));
            locks.fields.extend(own.fields);
        }
        let (_, catalog) = file.catalog()?;
        let permissions = file.entry(catalog, "Perms")?.into_dictionary().unwrap_or_default();
        let certification = file.entry(&permissions, "DocMDP")?.into_dictionary().unwrap_or_default();
        if let Object::Array(references) = file.entry(&certification, "Reference")? {
            for reference in &references {
                locks.add_transform(file, reference)?;
            }
        }
        Ok(locks)
    }

    /// Nothing may be changed but what proves the signatures.
    pub(crate) fn allow_no_change(&self) -> bool {
        self.level == Some(1)
    }

    /// The author certified the pages: a further signature that nobody provided for must not show, or it could cover what they say.
    pub(crate) const fn allow_no_new_mark(&self) -> bool {
        self.level.is_some()
    }

    /// Whether the field with this full name is to stay as it is.
    pub(crate) fn cover(&self, name: &str) -> bool {
        // A name speaks for all fields below it.
        let is_at = |part: &String| {
            name.strip_prefix(part.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.fields.iter().any(|locked| match locked {
            Locked::All => true,
            Locked::Only(names) => names.iter().any(is_at),
            Locked::AllBut(names) => !names.iter().any(is_at),
        })
    }

    fn add_level(&mut self, level: i64) {
        self.level = Some(self.level.map_or(level, |stricter| stricter.min(level)));
    }

    /// A signature reference dictionary (ISO 32000-2, table 256).
    fn add_transform(&mut self, file: &File<'_>, reference: &Object) -> Result<(), Error> {
        let Object::Dictionary(reference) = file.resolve(reference)? else { return Ok(()) };
        let parameters = file.entry(&reference, "TransformParams")?.into_dictionary().unwrap_or_default();
        if reference.is("TransformMethod", "DocMDP") {
            self.add_level(file.entry(&parameters, "P")?.as_integer().unwrap_or(2));
        }
        if reference.is("TransformMethod", "FieldMDP") {
            self.add_fields(file, &parameters)?;
        }
        Ok(())
    }

    /// `/Action` and `/Fields` of a transform or a field's lock. A word that is not known locks everything.
    fn add_fields(&mut self, file: &File<'_>, lock: &Dictionary) -> Result<(), Error> {
        let names = match file.entry(lock, "Fields")? {
            Object::Array(names) => names,
            _ => Vec::new(),
        };
        let mut full = Vec::with_capacity(names.len());
        for name in &names {
            full.extend(file.resolve(name)?.as_string().map(text::decode));
        }
        self.fields.push(match file.entry(lock, "Action")?.as_name() {
            Some(b"Include") => Locked::Only(full),
            Some(b"Exclude") => Locked::AllBut(full),
            _ => Locked::All,
        });
        Ok(())
    }
}
