//! What a server has: what it tells of itself, and what was written down beforehand.

use std::collections::HashSet;

use manywire_client::{Client, Wire};
use manywire_core::{Origin, Outline, RpcError, Takes};

use crate::{Source, foreign};

/// A method of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learnt {
    /// What the server calls it.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) outline: Outline,
    /// Whether only the call itself shows how it answers.
    pub(crate) is_unsure: bool,
}

/// All that is known of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Knowledge {
    pub(crate) methods: Vec<Learnt>,
    /// The descriptors of a gRPC server, which its methods are bound to here too.
    pub(crate) descriptors: Option<Vec<u8>>,
}

/// Asks a server what it has. What was written down goes before what it tells.
pub(crate) async fn learn(client: &Client, source: &Source) -> Result<Knowledge, RpcError> {
    let mut methods: Vec<Learnt> = source
        .methods
        .iter()
        .map(|written| Learnt {
            name: written.name.clone(),
            doc: String::new(),
            outline: written.outline.clone(),
            is_unsure: false,
        })
        .collect();
    let mut names: HashSet<String> = methods.iter().map(|method| method.name.clone()).collect();
    let told = if source.is_told { Ok(Vec::new()) } else { told(client).await };
    match told {
        Ok(told) => methods.extend(told.into_iter().filter(|method| names.insert(method.name.clone()))),
        Err(error) if error.origin() == Origin::Server || error.origin() == Origin::Usage => {
            if methods.is_empty() && !source.pass_through {
                return Err(error.with_hint(
                    "name its methods with --method 'Arith.Multiply(A: int, B: int) -> int', or say --pass-through",
                ));
            }
        }
        Err(error) => return Err(error),
    }
    let descriptors = match client.url().wire {
        Wire::Grpc => {
            // A message goes on as it came: it may say more than can be said in values.
            for method in &mut methods {
                if let Takes::Lenient(shape) | Takes::Shape(shape) = &method.outline.takes
                    && shape.is_record()
                    && method.outline.returns.is_record()
                {
                    method.outline.takes = Takes::Message(shape.clone());
                }
            }
            Some(client.descriptors(source.prefix.as_deref()).await?)
        }
        _ => None,
    };
    Ok(Knowledge { methods, descriptors })
}

async fn told(client: &Client) -> Result<Vec<Learnt>, RpcError> {
    let schema = match client.schema().await {
        Ok(schema) => schema,
        Err(error) if matches!(error.origin(), Origin::Connect | Origin::Lost | Origin::Time) => {
            return Err(error);
        }
        // A server that is not ours.
        Err(_) => return foreign::told(client).await,
    };
    let served = schema.methods.iter().filter(|method| !is_its_own(&method.name));
    let learnt = served.map(|method| {
        Ok(Learnt {
            name: method.name.clone(),
            doc: method.doc.clone(),
            outline: schema.outline(method)?,
            is_unsure: false,
        })
    });
    learnt.collect()
}

/// Whether a method tells of the server that has it, which the gateway does of itself.
pub(crate) fn is_its_own(name: &str) -> bool {
    const OWN: &[&str] = &["system.", "rpc.", "_zerorpc_", "grpc.health.", "grpc.reflection."];
    OWN.iter().any(|prefix| name.starts_with(prefix))
}
