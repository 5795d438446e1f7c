//! Who a user is.

use manywire_core::{ErrorKind, RpcError, Value};

/// Which user.
#[manywire_core::message]
#[derive(Debug, Clone, Copy, Default)]
pub struct UserRequest {
    id: i32,
}

/// A user.
#[manywire_core::message]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserResponse {
    /// A positive number.
    pub id: i32,
    /// What the user is called.
    pub name: String,
}

/// The user of this id.
pub async fn get_user(UserRequest { id }: UserRequest) -> Result<UserResponse, RpcError> {
    if id <= 0 {
        let message = format!("the id of a user is a positive number, got {id}");
        return Err(
            RpcError::new(ErrorKind::InvalidValue, message).with_data(Value::map([("field", "id".into())]))
        );
    }
    Ok(UserResponse { id, name: "itxiaoshen".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ids_are_positive() {
        let user = async |id| get_user(UserRequest { id }).await;
        assert_eq!(user(i32::MAX).await.unwrap().id, i32::MAX);
        for id in [0, -1, i32::MIN] {
            assert_eq!(user(id).await.unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }
}
