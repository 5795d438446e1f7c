//! Reflection, in both its versions: what the descriptors say, asked for piece by piece.
//!
//! tonic-reflection 0.14 has the messages and a server, but that ends the whole stream with a status when one thing that was asked
//! for is not there. The protocol has an error among the answers for this, and clients such as grpcio's go on after it.

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FileDescriptorProto;
use tonic::Code;

/// Why there is no answer.
struct Missing(String);

/// Answers from descriptors.
#[derive(Debug, Clone)]
pub(crate) struct Reflection {
    pool: DescriptorPool,
}

impl Reflection {
    /// Shows what is in these files, each of which stands behind those that it imports.
    pub(crate) fn new(files: Vec<FileDescriptorProto>) -> Result<Self, prost_reflect::DescriptorError> {
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files)?;
        Ok(Self { pool })
    }

    fn services(&self) -> impl Iterator<Item = String> {
        self.pool.services().map(|service| service.full_name().to_owned())
    }

    /// A file by its name, with all that it imports, so that nobody has to ask again.
    fn file(&self, name: &str) -> Result<Vec<Vec<u8>>, Missing> {
        let file = self.pool.get_file_by_name(name);
        Ok(with_imports(file.ok_or_else(|| Missing(format!("no file {name}")))?))
    }

    fn file_of_symbol(&self, symbol: &str) -> Result<Vec<Vec<u8>>, Missing> {
        let file = self.file_declaring(symbol).or_else(|| {
            // A method, a field or an enum's value: its file is that of what has it.
            let (parent, member) = symbol.rsplit_once('.')?;
            self.has_member(parent, member).then(|| self.file_declaring(parent)).flatten()
        });
        Ok(with_imports(file.ok_or_else(|| Missing(format!("no symbol {symbol}")))?))
    }

    fn file_declaring(&self, name: &str) -> Option<FileDescriptor> {
        let service = || self.pool.get_service_by_name(name).map(|service| service.parent_file());
        let message = || self.pool.get_message_by_name(name).map(|message| message.parent_file());
        let enumeration = || self.pool.get_enum_by_name(name).map(|enumeration| enumeration.parent_file());
        let extension = || self.pool.get_extension_by_name(name).map(|extension| extension.parent_file());
        service().or_else(message).or_else(enumeration).or_else(extension)
    }

    fn has_member(&self, parent: &str, member: &str) -> bool {
        let service = self.pool.get_service_by_name(parent);
        let message = self.pool.get_message_by_name(parent);
        let enumeration = self.pool.get_enum_by_name(parent);
        service.is_some_and(|service| service.methods().any(|method| method.name() == member))
            || message.as_ref().is_some_and(|message| message.get_field_by_name(member).is_some())
            || message.is_some_and(|message| message.oneofs().any(|oneof| oneof.name() == member))
            || enumeration.is_some_and(|enumeration| enumeration.get_value_by_name(member).is_some())
    }

    fn file_of_extension(&self, message: &str, number: i32) -> Result<Vec<Vec<u8>>, Missing> {
        let extension = u32::try_from(number)
            .ok()
            .and_then(|number| self.pool.get_message_by_name(message)?.get_extension(number));
        let missing = || Missing(format!("no extension {number} of {message}"));
        Ok(with_imports(extension.ok_or_else(missing)?.parent_file()))
    }

    fn extensions(&self, message: &str) -> Result<Vec<i32>, Missing> {
        let message =
            self.pool.get_message_by_name(message).ok_or_else(|| Missing(format!("no message {message}")))?;
        Ok(message.extensions().filter_map(|extension| i32::try_from(extension.number()).ok()).collect())
    }
}

/// The file first, then each import once.
fn with_imports(file: FileDescriptor) -> Vec<Vec<u8>> {
    let mut files = vec![file];
    let mut at = 0;
    while let Some(file) = files.get(at).cloned() {
        let new: Vec<_> = file.dependencies().filter(|import| !files.contains(import)).collect();
        files.extend(new);
        at += 1;
    }
    files.iter().map(FileDescriptor::encode_to_vec).collect()
}

/// The versions have messages of the same shape, and of other types.
macro_rules! serve_version {
    ($version:ident) => {
        pub(crate) mod $version {
            use futures_util::StreamExt as _;
            use tonic::{Request, Response, Status, Streaming};
            use tonic_reflection::pb::$version as pb;
            use tonic_reflection::server::$version::ServerReflection;

            use super::{Code, Missing, Reflection};
            use crate::services::Answers;
            use pb::server_reflection_request::MessageRequest as Asked;
            use pb::server_reflection_response::MessageResponse as Answer;

            #[tonic::async_trait]
            impl ServerReflection for Reflection {
                type ServerReflectionInfoStream = Answers<pb::ServerReflectionResponse>;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<pb::ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let reflection = self.clone();
                    let answers = request.into_inner().map(move |asked| {
                        let asked = asked?;
                        Ok(pb::ServerReflectionResponse {
                            valid_host: asked.host.clone(),
                            message_response: Some(answer(&reflection, asked.message_request.as_ref())),
                            original_request: Some(asked),
                        })
                    });
                    Ok(Response::new(Box::pin(answers)))
                }
            }

            fn answer(reflection: &Reflection, asked: Option<&Asked>) -> Answer {
                let files = |files: Result<_, Missing>| {
                    files.map(|file_descriptor_proto| {
                        Answer::FileDescriptorResponse(pb::FileDescriptorResponse { file_descriptor_proto })
                    })
                };
                let answer = match asked {
                    Some(Asked::FileByFilename(name)) => files(reflection.file(name)),
                    Some(Asked::FileContainingSymbol(symbol)) => files(reflection.file_of_symbol(symbol)),
                    Some(Asked::FileContainingExtension(extension)) => files(
                        reflection.file_of_extension(&extension.containing_type, extension.extension_number),
                    ),
                    Some(Asked::AllExtensionNumbersOfType(message)) => {
                        reflection.extensions(message).map(|extension_number| {
                            let base_type_name = message.clone();
                            Answer::AllExtensionNumbersResponse(pb::ExtensionNumberResponse {
                                base_type_name,
                                extension_number,
                            })
                        })
                    }
                    Some(Asked::ListServices(_)) => {
                        let service = reflection.services().map(|name| pb::ServiceResponse { name });
                        Ok(Answer::ListServicesResponse(pb::ListServiceResponse {
                            service: service.collect(),
                        }))
                    }
                    None => return error(Code::InvalidArgument, "the request asks for nothing".to_owned()),
                };
                answer.unwrap_or_else(|Missing(what)| error(Code::NotFound, what))
            }

            fn error(code: Code, error_message: String) -> Answer {
                Answer::ErrorResponse(pb::ErrorResponse { error_code: code.into(), error_message })
            }
        }
    };
}

serve_version!(v1);
serve_version!(v1alpha);
