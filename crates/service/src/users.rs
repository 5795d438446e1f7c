//! Who a user is.

use manywire_core::{ErrorKind, RpcError, Value};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// A positive number.
    pub id: i32,
    /// What the user is called.
    pub name: String,
}

/// The user of this id.
pub fn get_user(id: i32) -> Result<User, RpcError> {
    if id <= 0 {
        let message = format!("the id of a user is a positive number, got {id}");
        return Err(
            RpcError::new(ErrorKind::InvalidValue, message).with_data(Value::map([("field", "id".into())]))
        );
    }
    Ok(User { id, name: "itxiaoshen".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive() {
        assert_eq!(get_user(i32::MAX).unwrap().id, i32::MAX);
        for id in [0, -1, i32::MIN] {
            assert_eq!(get_user(id).unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }
}
