//! A file descriptor as the text of a `.proto`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

/// The text that a compiler makes this file of again: its services, messages and enums, with the comments that services and
/// methods have. Of options only those are kept that say what is on the wire, and `go_package`. Groups and extensions, which
/// proto3 has not, are left out.
pub fn print(file: &FileDescriptorProto) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let comments = locations.map(|location| (&location.path[..], location.leading_comments())).collect();
    let mut printer = Printer { text: String::new(), depth: 0, names: names(file), comments, file };
    printer.file();
    printer.text
}

/// The full names of all messages and enums in a file.
fn names(file: &FileDescriptorProto) -> HashSet<String> {
    fn add(names: &mut HashSet<String>, scope: &str, message: &DescriptorProto) {
        let name = join(scope, message.name());
        message.nested_type.iter().for_each(|nested| add(names, &name, nested));
        names.extend(message.enum_type.iter().map(|choices| join(&name, choices.name())));
        names.insert(name);
    }
    let mut names = HashSet::new();
    file.message_type.iter().for_each(|message| add(&mut names, file.package(), message));
    names.extend(file.enum_type.iter().map(|choices| join(file.package(), choices.name())));
    names
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// The entries of a message's maps, by their full names.
type Entries<'f> = HashMap<String, &'f DescriptorProto>;

struct Printer<'f> {
    text: String,
    depth: usize,
    names: HashSet<String>,
    /// By where they stand: the numbers of fields in the descriptors, and places in their lists.
    comments: HashMap<&'f [i32], &'f str>,
    file: &'f FileDescriptorProto,
}

impl Printer<'_> {
    fn file(&mut self) {
        let file = self.file;
        let syntax = if file.syntax().is_empty() { "proto2" } else { file.syntax() };
        self.line(&format!("syntax = {};", quoted(syntax)));
        if !file.package().is_empty() {
            self.gap();
            self.line(&format!("package {};", file.package()));
        }
        if !file.dependency.is_empty() {
            self.gap();
        }
        for (import, at) in file.dependency.iter().zip(0..) {
            let public = if file.public_dependency.contains(&at) { "public " } else { "" };
            self.line(&format!("import {public}{};", quoted(import)));
        }
        if let Some(package) = file.options.as_ref().and_then(|options| options.go_package.as_deref()) {
            self.gap();
            self.line(&format!("option go_package = {};", quoted(package)));
        }
        for (service, at) in file.service.iter().zip(0..) {
            self.gap();
            self.service(service, at);
        }
        for message in &file.message_type {
            self.gap();
            self.message(message, file.package());
        }
        for choices in &file.enum_type {
            self.gap();
            self.choices(choices);
        }
    }

    fn service(&mut self, service: &ServiceDescriptorProto, at: i32) {
        // 6 are a file's services, 2 a service's methods.
        self.comment(&[6, at]);
        self.open(&format!("service {}", service.name()));
        for (method, index) in service.method.iter().zip(0..) {
            self.comment(&[6, at, 2, index]);
            let stream = |is_stream| if is_stream { "stream " } else { "" };
            let input = self.reference(method.input_type(), self.file.package());
            let output = self.reference(method.output_type(), self.file.package());
            self.line(&format!(
                "rpc {}({}{input}) returns ({}{output});",
                method.name(),
                stream(method.client_streaming()),
                stream(method.server_streaming()),
            ));
        }
        self.close();
    }

    fn comment(&mut self, path: &[i32]) {
        for line in self.comments.get(path).copied().unwrap_or_default().lines() {
            self.line(format!("//{line}").trim_end());
        }
    }

    fn message(&mut self, message: &DescriptorProto, scope: &str) {
        let name = join(scope, message.name());
        self.open(&format!("message {}", message.name()));
        message.enum_type.iter().for_each(|choices| self.choices(choices));
        for nested in message.nested_type.iter().filter(|nested| !is_entry(nested)) {
            self.message(nested, &name);
        }
        self.reserved(message);
        let entries = message.nested_type.iter().filter(|nested| is_entry(nested));
        let entries: Entries<'_> = entries.map(|entry| (join(&name, entry.name()), entry)).collect();
        let oneof = |field: &FieldDescriptorProto| field.oneof_index.filter(|_| !field.proto3_optional());
        let mut choices: HashMap<i32, Vec<&FieldDescriptorProto>> = HashMap::new();
        for field in &message.field {
            if let Some(at) = oneof(field) {
                choices.entry(at).or_default().push(field);
            }
        }
        for field in &message.field {
            let Some(at) = oneof(field) else {
                self.field(field, &entries, &name);
                continue;
            };
            // A one-of stands where its first field does.
            let Some(choices) = choices.remove(&at) else { continue };
            let oneof = usize::try_from(at).ok().and_then(|at| message.oneof_decl.get(at));
            self.open(&format!("oneof {}", oneof.map_or("", OneofDescriptorProto::name)));
            choices.into_iter().for_each(|choice| self.field(choice, &entries, &name));
            self.close();
        }
        self.close();
    }

    fn reserved(&mut self, message: &DescriptorProto) {
        for range in &message.reserved_range {
            // The end is not in it.
            let last = range.end() - 1;
            let range =
                if last == range.start() { last.to_string() } else { format!("{} to {last}", range.start()) };
            self.line(&format!("reserved {range};"));
        }
        message.reserved_name.iter().for_each(|name| self.line(&format!("reserved {};", quoted(name))));
    }

    fn field(&mut self, field: &FieldDescriptorProto, entries: &Entries<'_>, scope: &str) {
        let entry = entries.get(field.type_name().trim_start_matches('.'));
        let (label, ty) = match entry.map(|entry| &entry.field[..]) {
            Some([key, value]) => {
                ("", format!("map<{}, {}>", self.type_name(key, scope), self.type_name(value, scope)))
            }
            _ => (self.label(field), self.type_name(field, scope)),
        };
        let mut options = Vec::new();
        if field.json_name.as_ref().is_some_and(|json| *json != json_name(field.name())) {
            options.push(format!("json_name = {}", quoted(field.json_name())));
        }
        if let Some(packed) = field.options.as_ref().and_then(|options| options.packed) {
            options.push(format!("packed = {packed}"));
        }
        let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) };
        self.line(&format!("{label}{ty} {} = {}{options};", field.name(), field.number()));
    }

    fn label(&self, field: &FieldDescriptorProto) -> &'static str {
        match field.label() {
            Label::Repeated => "repeated ",
            Label::Required => "required ",
            Label::Optional if field.proto3_optional() => "optional ",
            Label::Optional if self.file.syntax() != "proto3" && field.oneof_index.is_none() => "optional ",
            Label::Optional => "",
        }
    }

    fn type_name(&self, field: &FieldDescriptorProto, scope: &str) -> String {
        match field.r#type() {
            Type::Message | Type::Enum | Type::Group => self.reference(field.type_name(), scope),
            scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
        }
    }

    /// The shortest name that means this type where it stands: names are looked for from the inside out.
    fn reference(&self, full: &str, scope: &str) -> String {
        let full_name = full.trim_start_matches('.');
        let in_package = full_name.strip_prefix(self.file.package()).and_then(|rest| rest.strip_prefix('.'));
        let short = in_package.filter(|_| self.names.contains(full_name)).unwrap_or(full_name);
        let first = short.split('.').next().unwrap_or(short);
        let mut around = scope;
        loop {
            if self.names.contains(&join(around, first)) {
                let found = join(around, short);
                return if found == full_name { short.to_owned() } else { format!(".{full_name}") };
            }
            if around.is_empty() {
                return short.to_owned();
            }
            around = around.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn choices(&mut self, choices: &EnumDescriptorProto) {
        self.open(&format!("enum {}", choices.name()));
        if choices.options.as_ref().is_some_and(prost_types::EnumOptions::allow_alias) {
            self.line("option allow_alias = true;");
        }
        for value in &choices.value {
            self.line(&format!("{} = {};", value.name(), value.number()));
        }
        self.close();
    }

    fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = 2 * self.depth);
    }
}

fn is_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry)
}

/// The name in JSON of a field that says none: `user_id` as `userId`.
fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut is_next_large = false;
    for letter in name.chars() {
        match letter {
            '_' => is_next_large = true,
            letter if std::mem::take(&mut is_next_large) => json.push(letter.to_ascii_uppercase()),
            letter => json.push(letter),
        }
    }
    json
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\{:03o}", u32::from(letter) & 0o377);
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
