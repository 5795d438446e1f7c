//! Files of a schema as a server describes them: counted, cut down to what calls need, and made sound, so that whatever a
//! server sends costs little and builds or is refused.
//!
//! prost-reflect 0.16 panics at a syntax that it does not know, goes down public imports without end where they form a
//! circle, looks through all reserved ranges for each field, keeps every name in full, and takes a map's entry for what it
//! says to be.

use std::collections::{HashMap, HashSet};

use manywire_core::Limits;
use manywire_protobuf::LONE_VALUE;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions, ServiceDescriptorProto,
};
use tonic::Status;

use crate::weight::Weight;

/// Files of one schema.
const FILES: usize = 4_096;
/// Imports of all files, those that come by public imports among them.
const IMPORTS: usize = 32_768;

/// Bytes of all files, and of one answer with some. A schema is larger than the messages that a user may have in mind.
pub(super) fn schema_bytes(limits: &Limits) -> usize {
    limits.message_bytes.max(4 << 20)
}

/// What they may take when they are decoded.
pub(super) fn schema_memory(limits: &Limits) -> usize {
    schema_bytes(limits).saturating_mul(8)
}

/// The files that came, each once.
pub(super) struct Descriptors {
    files: Vec<FileDescriptorProto>,
    names: HashSet<String>,
    /// Imports that were not asked for yet.
    imports: Vec<String>,
    /// Names that were asked for, so that a server without them is not asked for ever.
    asked: HashSet<String>,
    bounds: Bounds,
}

/// What may yet come.
struct Bounds {
    bytes: usize,
    weight: Weight,
    /// Bytes of full names.
    names: usize,
}

impl Bounds {
    fn take(&mut self, scope: usize, name: Option<&str>) -> Result<usize, Status> {
        let length = scope + name.unwrap_or_default().len() + 1;
        self.names = self.names.checked_sub(length).ok_or_else(too_large)?;
        Ok(length)
    }
}

impl Descriptors {
    pub(super) fn new(limits: &Limits) -> Self {
        let bytes = schema_bytes(limits);
        let weight = Weight::typed(schema_memory(limits));
        let bounds = Bounds { bytes, weight, names: bytes.saturating_mul(2) };
        let (files, names, imports, asked) = Default::default();
        Self { files, names, imports, asked, bounds }
    }

    /// Adds an encoded file.
    pub(super) fn add(&mut self, file: &[u8]) -> Result<(), Status> {
        self.bounds.bytes = self.bounds.bytes.checked_sub(file.len()).ok_or_else(too_large)?;
        let descriptor = DescriptorPool::global().get_message_by_name("google.protobuf.FileDescriptorProto");
        let descriptor = descriptor.ok_or_else(|| unsound("descriptors are not described"))?;
        self.bounds.weight.add(file, &descriptor).map_err(|_| too_large())?;
        let mut file = FileDescriptorProto::decode(file).map_err(|error| unsound(&error.to_string()))?;
        if !self.names.insert(file.name().to_owned()) {
            return Ok(());
        }
        if self.files.len() == FILES {
            return Err(too_large());
        }
        prune(&mut file, &mut self.bounds)?;
        self.imports.extend(file.dependency.iter().cloned());
        self.files.push(file);
        Ok(())
    }

    /// Files that others import and that have not come; each is named once.
    pub(super) fn missing(&mut self) -> Vec<String> {
        let (names, asked) = (&self.names, &mut self.asked);
        let imports = std::mem::take(&mut self.imports).into_iter();
        imports.filter(|name| !names.contains(name) && asked.insert(name.clone())).collect()
    }

    /// The schema of all files. Those that the server does not have are left out: what they have may not be needed.
    pub(super) fn pool(mut self) -> Result<DescriptorPool, Status> {
        let imports = imports(&self.files)?;
        for (file, imports) in self.files.iter_mut().zip(imports) {
            file.dependency = imports;
            file.public_dependency.clear();
            file.weak_dependency.clear();
        }
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(self.files).map_err(|error| unsound(&error.to_string()))?;
        Ok(pool)
    }
}

/// For each file, the names of those whose types it may use.
fn imports(files: &[FileDescriptorProto]) -> Result<Vec<Vec<String>>, Status> {
    let index: HashMap<_, _> = files.iter().enumerate().map(|(at, file)| (file.name(), at)).collect();
    let known = |names: Vec<&String>| {
        names.into_iter().filter_map(|name| index.get(name.as_str()).copied()).collect()
    };
    let public = |file: &FileDescriptorProto| -> Vec<usize> {
        let public = file.public_dependency.iter().filter_map(|at| usize::try_from(*at).ok());
        known(public.filter_map(|at| file.dependency.get(at)).collect())
    };
    let public: Vec<_> = files.iter().map(public).collect();
    let mut left = IMPORTS;
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let mut waiting: Vec<usize> = known(file.dependency.iter().collect());
        let mut seen = HashSet::new();
        while let Some(at) = waiting.pop() {
            left = left.checked_sub(1).ok_or_else(too_large)?;
            if seen.insert(at) {
                waiting.extend(&public[at]);
            }
        }
        all.push(seen.into_iter().map(|at| files[at].name().to_owned()).collect());
    }
    Ok(all)
}

fn prune(file: &mut FileDescriptorProto, bounds: &mut Bounds) -> Result<(), Status> {
    if !matches!(file.syntax(), "" | "proto2" | "proto3") {
        return Err(unsound(&format!("{} is in {:?}, which is not known", file.name(), file.syntax())));
    }
    (file.options, file.source_code_info) = (None, None);
    file.extension.clear();
    let scope = bounds.take(0, file.package.as_deref())?;
    file.message_type.iter_mut().try_for_each(|message| prune_message(message, scope, bounds))?;
    file.enum_type.iter_mut().try_for_each(|values| prune_enum(values, scope, bounds))?;
    file.service.iter_mut().try_for_each(|service| prune_service(service, scope, bounds))
}

/// The decoder has bounded how deep it goes.
fn prune_message(message: &mut DescriptorProto, scope: usize, bounds: &mut Bounds) -> Result<(), Status> {
    let is_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry) && is_map_entry(message);
    message.options = is_entry.then(|| MessageOptions { map_entry: Some(true), ..Default::default() });
    message.extension.clear();
    message.extension_range.clear();
    message.reserved_range.clear();
    let is_lone = message.reserved_name.iter().any(|name| name == LONE_VALUE);
    message.reserved_name = if is_lone { vec![LONE_VALUE.to_owned()] } else { Vec::new() };
    let scope = bounds.take(scope, message.name.as_deref())?;
    for field in &mut message.field {
        let packed = field.options.as_ref().and_then(|options| options.packed);
        field.options = packed.map(|packed| FieldOptions { packed: Some(packed), ..Default::default() });
        field.extendee = None;
        bounds.take(scope, field.name.as_deref())?;
    }
    for oneof in &mut message.oneof_decl {
        oneof.options = None;
        bounds.take(scope, oneof.name.as_deref())?;
    }
    message.enum_type.iter_mut().try_for_each(|values| prune_enum(values, scope, bounds))?;
    message.nested_type.iter_mut().try_for_each(|inner| prune_message(inner, scope, bounds))
}

/// Whether an entry has a key that can be one, and a value.
fn is_map_entry(message: &DescriptorProto) -> bool {
    let is_single =
        |field: &FieldDescriptorProto| field.label() != Label::Repeated && field.oneof_index.is_none();
    let is_key = |field: &FieldDescriptorProto| {
        let never = [Type::Double, Type::Float, Type::Bytes, Type::Message, Type::Group, Type::Enum];
        field.number() == 1 && field.r#type.is_some() && !never.contains(&field.r#type())
    };
    match &message.field[..] {
        [key, value] | [value, key] if value.number() == 2 => {
            is_key(key) && is_single(key) && is_single(value)
        }
        _ => false,
    }
}

fn prune_enum(values: &mut EnumDescriptorProto, scope: usize, bounds: &mut Bounds) -> Result<(), Status> {
    let alias = values.options.as_ref().and_then(|options| options.allow_alias);
    values.options = alias.map(|alias| EnumOptions { allow_alias: Some(alias), ..Default::default() });
    values.reserved_range.clear();
    values.reserved_name.clear();
    if values.value.is_empty() {
        return Err(unsound(&format!("the enum {} has no values", values.name())));
    }
    let scope = bounds.take(scope, values.name.as_deref())?;
    for value in &mut values.value {
        value.options = None;
        bounds.take(scope, value.name.as_deref())?;
    }
    Ok(())
}

fn prune_service(
    service: &mut ServiceDescriptorProto,
    scope: usize,
    bounds: &mut Bounds,
) -> Result<(), Status> {
    service.options = None;
    let scope = bounds.take(scope, service.name.as_deref())?;
    for method in &mut service.method {
        method.options = None;
        bounds.take(scope, method.name.as_deref())?;
    }
    Ok(())
}

pub(super) fn too_large() -> Status {
    Status::resource_exhausted("the schema is too large: its files have too much in them")
}

fn unsound(why: &str) -> Status {
    // It may tell of every name.
    let why: String = why.chars().take(300).collect();
    Status::internal(format!("the schema is not sound: {why}"))
}

#[cfg(test)]
mod tests {
    use manywire_core::Value;
    use prost_types::FileDescriptorSet;

    use super::super::codec::to_message;
    use super::super::schema::Schema;
    use super::super::values::to_value;
    use super::*;

    /// The next of a series of numbers that look random and are the same each time.
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 16) as usize
    }

    fn change(bytes: &mut Vec<u8>, state: &mut u64) {
        let at = next(state) % bytes.len();
        match next(state) % 4 {
            0 => bytes[at] = next(state) as u8,
            1 => bytes[at] ^= 1 << (next(state) % 8),
            2 => bytes.insert(at, next(state) as u8),
            _ => {
                // A piece of it once more, elsewhere.
                let end = (at + next(state) % 40).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = next(state) % bytes.len();
                bytes.splice(to..to, piece);
            }
        }
    }

    /// What a client does with a schema: lists it, and reads and writes each of its messages.
    fn use_up(files: Descriptors, bytes: &[u8]) -> Result<usize, Status> {
        let pool = files.pool()?;
        let services: Vec<_> = pool.services().map(|service| service.full_name().to_owned()).collect();
        let messages: Vec<_> = pool.all_messages().collect();
        let methods = Schema::new(pool, services).methods();
        for message in &messages {
            let _ = to_message(
                message,
                Value::map(message.fields().map(|field| (field.json_name().to_owned(), Value::Int(1)))),
            );
            if let Ok(decoded) = prost_reflect::DynamicMessage::decode(message.clone(), bytes) {
                let _ = to_value(&decoded, Weight::dynamic(1 << 20));
            }
        }
        Ok(methods.len() + messages.len())
    }

    #[test]
    fn whatever_is_changed_in_a_schema_it_is_used_or_refused() {
        let mut files = FileDescriptorSet::decode(manywire_notes::PROTOS).unwrap().file;
        files.retain(|file| {
            ["types.proto", "hello.proto", "google/protobuf/any.proto"].contains(&file.name())
        });
        let (mut state, mut used, mut refused) = (0x9e37_79b9_7f4a_7c15_u64, 0, 0);
        for round in 0..1_500 {
            let mut descriptors = Descriptors::new(&Limits::default());
            let chosen = next(&mut state) % files.len();
            let added = files.iter().enumerate().try_for_each(|(at, file)| {
                let mut bytes = file.encode_to_vec();
                for _ in 0..if at == chosen { 1 + round % 2 } else { 0 } {
                    change(&mut bytes, &mut state);
                }
                descriptors.add(&bytes)
            });
            let bytes: Vec<_> = (0..64).map(|_| next(&mut state) as u8).collect();
            match added.and_then(|()| use_up(descriptors, &bytes)) {
                Ok(_) => used += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(used > 100 && refused > 100, "{used} used, {refused} refused");
    }
}
