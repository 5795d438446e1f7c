//! A schema that another server told, back as shapes.

use super::{MethodSchema, Schema, Type, TypeKind};
use crate::{ChoiceShape, MapShape, Outline, RecordShape, RpcError, Shape, Takes, interned};

/// Types in one method, those inside others too. Records that name each other unfold to more than they are; what lies beyond
/// may be anything.
const MOST: usize = 4096;

/// Types inside each other.
const DEEPEST: usize = 48;

impl Schema {
    /// What a method takes and gives, as one that is registered here has it.
    pub fn outline(&self, method: &MethodSchema) -> Result<Outline, RpcError> {
        let takes = Unfolding::of(self).shape(&method.takes)?;
        let is_lenient = takes.is_record() && method.parameters.iter().all(|field| !field.required);
        Ok(Outline {
            kind: method.kind,
            takes: match takes {
                _ if method.is_open() => Takes::Anything,
                takes if is_lenient => Takes::Lenient(takes),
                takes => Takes::Shape(takes),
            },
            returns: Unfolding::of(self).shape(&method.returns)?,
        })
    }
}

impl Shape {
    /// A record of these fields.
    pub fn record<'n>(
        name: &str,
        fields: impl IntoIterator<Item = (&'n str, Shape)>,
    ) -> Result<Shape, RpcError> {
        let fields = fields.into_iter().map(|(name, shape)| Ok((interned::name(name)?, shape)));
        let fields = fields.collect::<Result<_, RpcError>>()?;
        Ok(Shape::Record(RecordShape { name: interned::name(name)?, fields }))
    }
}

struct Unfolding<'s> {
    schema: &'s Schema,
    left: usize,
    /// The records around the type that is unfolded.
    around: Vec<&'static str>,
    depth: usize,
}

impl<'s> Unfolding<'s> {
    fn of(schema: &'s Schema) -> Self {
        Self { schema, left: MOST, around: Vec::new(), depth: 0 }
    }

    fn shape(&mut self, ty: &Type) -> Result<Shape, RpcError> {
        if self.depth > DEEPEST || self.left == 0 {
            return Ok(Shape::Any);
        }
        self.left -= 1;
        self.depth += 1;
        let shape = self.unfold(ty);
        self.depth -= 1;
        shape
    }

    fn unfold(&mut self, ty: &Type) -> Result<Shape, RpcError> {
        Ok(match ty.kind {
            TypeKind::Any => Shape::Any,
            TypeKind::Nil => Shape::Unit,
            TypeKind::Bool => Shape::Bool,
            TypeKind::Int => Shape::Int,
            TypeKind::Float => Shape::Float,
            TypeKind::Number => Shape::Number,
            TypeKind::String => match &ty.choices {
                Some(choices) => Shape::Choice(choice(choices)?),
                None => Shape::String,
            },
            TypeKind::Bytes => Shape::Bytes,
            TypeKind::Timestamp => Shape::Timestamp,
            TypeKind::Optional => Shape::Optional(Box::new(self.inner(ty.of.as_deref())?)),
            TypeKind::List => Shape::List(Box::new(self.inner(ty.of.as_deref())?)),
            TypeKind::Map => Shape::Map(Box::new(MapShape {
                key: self.inner(ty.key.as_deref())?,
                value: self.inner(ty.of.as_deref())?,
            })),
            TypeKind::Record => return self.record(ty.name.as_deref().unwrap_or_default()),
        })
    }

    fn inner(&mut self, ty: Option<&Type>) -> Result<Shape, RpcError> {
        ty.map_or(Ok(Shape::Any), |ty| self.shape(ty))
    }

    fn record(&mut self, name: &str) -> Result<Shape, RpcError> {
        let Some(record) = self.schema.records.iter().find(|record| record.name == name) else {
            return Ok(Shape::Any);
        };
        let name = interned::name(name)?;
        if self.around.contains(&name) {
            return Ok(Shape::Outer(name));
        }
        self.around.push(name);
        let mut fields = Vec::with_capacity(record.fields.len());
        for field in &record.fields {
            fields.push((interned::name(&field.name)?, self.shape(&field.ty)?));
        }
        self.around.pop();
        Ok(Shape::Record(RecordShape { name, fields }))
    }
}

fn choice(choices: &[String]) -> Result<ChoiceShape, RpcError> {
    let variants: Result<Vec<_>, _> = choices.iter().map(|choice| interned::name(choice)).collect();
    Ok(ChoiceShape { name: "Choice", variants: interned::list(&variants?)? })
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::introspect::{Field, RecordSchema};
    use crate::{Kind, Methods};

    #[derive(Serialize, Deserialize)]
    struct Tree {
        name: String,
        left: Option<Box<Tree>>,
        leaves: Vec<(i64, i64)>,
        tags: std::collections::BTreeMap<String, f64>,
    }

    #[test]
    fn a_schema_unfolds_to_the_shapes_that_it_was_made_of() {
        let mut methods = Methods::new();
        methods.add("plant", "", |tree: Tree| async move { Ok(tree) });
        methods.add("count", "", |n: Option<i64>| async move { Ok(n.is_some()) });
        let schema = Schema::of(&methods);
        for (method, told) in methods.iter().zip(&schema.methods) {
            let outline = schema.outline(told).unwrap();
            assert_eq!(outline.takes, Takes::Shape(method.arguments().clone()));
            assert_eq!((&outline.returns, outline.kind), (method.returns(), Kind::Unary));
        }
    }

    #[test]
    fn records_that_unfold_without_end_end() {
        let field = |name: &str, of: usize| Field {
            name: name.to_owned(),
            ty: Type::record(&format!("R{of}")),
            required: true,
        };
        let record = |at: usize| RecordSchema {
            name: format!("R{at}"),
            fields: vec![field("a", at + 1), field("b", at + 1), field("c", at + 1)],
        };
        let schema = Schema { methods: Vec::new(), records: (0..100).map(record).collect() };
        let shape = Unfolding::of(&schema).shape(&Type::record("R0")).unwrap();
        assert!(shape.to_string().matches("any").count() <= 2 * MOST + 1);
    }
}
