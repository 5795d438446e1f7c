//! `UserService`.

use manywire_service::users;
use tonic::{Request, Response, Status};

use crate::error::to_status;
use crate::pb::{UserRequest, UserResponse};

pub(crate) struct Users;

#[tonic::async_trait]
impl crate::pb::user_service_server::UserService for Users {
    async fn get_user(&self, request: Request<UserRequest>) -> Result<Response<UserResponse>, Status> {
        let user = users::get_user(request.get_ref().id).map_err(to_status)?;
        Ok(Response::new(UserResponse { id: user.id, name: user.name }))
    }
}
