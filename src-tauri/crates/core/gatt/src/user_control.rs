//! User Control Point 0x2A9F of the User Data service 0x181C: how a collector registers with a device, consents to
//! open a user's data, and what the device answers. A request that makes a device forget can be recognised, not made.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec;
use alloc::vec::Vec;

const USER_CONTROL_POINT: Characteristic = Characteristic::named("User Control Point");

const REGISTER: u8 = 1;
const CONSENT: u8 = 2;
const DELETE_USER_DATA: u8 = 3;
const LIST: u8 = 4;
const DELETE_USERS: u8 = 5;
const RESPONSE: u8 = 0x20;

const SUCCESS: u8 = 1;
const MOST_CODE: u16 = 9999;
const CODES: &str = "0 to 9999";

/// The code that opens a user's data, 0 to 9999, as the user chose it at registration. A secret: not printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConsentCode(u16);

/// What a collector asks of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserRequest {
    /// Make a user; the answer names its index.
    RegisterNewUser {
        /// The code that shall open the new user's data.
        consent: ConsentCode,
    },
    /// Open the data of a user for this connection.
    Consent {
        /// The user's index.
        user_index: u8,
        /// The code given at registration.
        consent: ConsentCode,
    },
    /// Say how many users there are.
    ListAllUsers,
}

/// What a device may receive: a request that collectors of this project make, or one that makes it forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceivedUserRequest {
    /// A request of the kinds that change no user's data.
    Request(UserRequest),
    /// Forget the data of the user whose data is open.
    DeleteUserData,
    /// Forget a user.
    DeleteUsers {
        /// The user's index; 255 means all.
        user_index: u8,
    },
}

/// What a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserReply {
    /// The operation that is answered, as received.
    pub request: u8,
    /// How it ended.
    pub outcome: UserOutcome,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserOutcome {
    /// Done; the answer carries nothing.
    Done,
    /// Done with the user of this index: after registering and deleting users.
    DoneFor {
        /// The index; 255 means all.
        user_index: u8,
    },
    /// The number of users.
    NumberOfUsers(u8),
    /// Not done.
    Refused(UserRefusal),
}

octet_codes! {
    /// Why a request was not done.
    pub enum UserRefusal {
        /// The device does not know the operation.
        NotSupported = 2 => "not_supported",
        /// A parameter is wrong.
        InvalidParameter = 3 => "invalid_parameter",
        /// It failed, for example because no slot is free.
        Failed = 4 => "failed",
        /// The code is wrong, or too many wrong ones were given.
        NotAuthorised = 5 => "not_authorised",
    }
}

impl ConsentCode {
    /// A code of 0 to 9999; `None` above.
    pub const fn new(code: u16) -> Option<Self> {
        if code > MOST_CODE { None } else { Some(Self(code)) }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl core::fmt::Debug for ConsentCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ConsentCode(▮)")
    }
}

impl UserRequest {
    /// The operation's octet, as a reply names it.
    pub const fn operation(self) -> u8 {
        match self {
            Self::RegisterNewUser { .. } => REGISTER,
            Self::Consent { .. } => CONSENT,
            Self::ListAllUsers => LIST,
        }
    }

    /// The octets to write.
    pub fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(USER_CONTROL_POINT);
        writer.u8(self.operation());
        match self {
            Self::RegisterNewUser { consent } => writer.u16(consent.0),
            Self::Consent { user_index, consent } => {
                writer.u8(user_index);
                writer.u16(consent.0);
            }
            Self::ListAllUsers => {}
        }
        writer.finish()
    }
}

impl ReceivedUserRequest {
    /// Reads what was written to the control point.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(USER_CONTROL_POINT, octets);
        let request = match reader.u8("operation")? {
            REGISTER => Self::Request(UserRequest::RegisterNewUser { consent: consent(&mut reader)? }),
            CONSENT => {
                let user_index = reader.u8("user index")?;
                Self::Request(UserRequest::Consent { user_index, consent: consent(&mut reader)? })
            }
            DELETE_USER_DATA => Self::DeleteUserData,
            LIST => Self::Request(UserRequest::ListAllUsers),
            DELETE_USERS => Self::DeleteUsers { user_index: reader.u8("user index")? },
            other => return Err(reader.unsupported("an operation of 1 to 5", other)),
        };
        reader.finish(false)?;
        Ok(request)
    }

    /// The operation's octet, as a reply names it.
    pub const fn operation(self) -> u8 {
        match self {
            Self::Request(request) => request.operation(),
            Self::DeleteUserData => DELETE_USER_DATA,
            Self::DeleteUsers { .. } => DELETE_USERS,
        }
    }
}

impl UserReply {
    /// Whether a value of the control point is a reply, not a request.
    pub fn is_reply(octets: &[u8]) -> bool {
        octets.first() == Some(&RESPONSE)
    }

    /// Reads an indication of the control point.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(USER_CONTROL_POINT, octets);
        let operation = reader.u8("operation")?;
        if operation != RESPONSE {
            return Err(reader.unsupported("the response operation 0x20", operation));
        }
        let request = reader.u8("request operation")?;
        let outcome = match (reader.u8("response code")?, request) {
            (SUCCESS, REGISTER | DELETE_USERS) => UserOutcome::DoneFor { user_index: reader.u8("user index")? },
            (SUCCESS, LIST) => UserOutcome::NumberOfUsers(reader.u8("number of users")?),
            (SUCCESS, _) => UserOutcome::Done,
            (code, _) => UserOutcome::Refused(UserRefusal::from_octet(code)),
        };
        reader.finish(false)?;
        Ok(Self { request, outcome })
    }

    /// The octets; an error when the outcome is not one of the request.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = vec![RESPONSE, self.request];
        match self.outcome {
            UserOutcome::Done => octets.push(SUCCESS),
            UserOutcome::DoneFor { user_index } => octets.extend([SUCCESS, user_index]),
            UserOutcome::NumberOfUsers(number) => octets.extend([SUCCESS, number]),
            UserOutcome::Refused(refusal) => octets.push(refusal.octet()),
        }
        // What would read back as another reply is no reply to this request.
        if Self::decode(&octets) == Ok(*self) {
            return Ok(octets);
        }
        let writer = Writer::new(USER_CONTROL_POINT);
        Err(writer.out_of_range("request operation", "one with this outcome", self.request))
    }
}

fn consent(reader: &mut Reader<'_>) -> Result<ConsentCode, DecodeError> {
    let code = reader.u16("consent code")?;
    // The code is a secret, also a wrong one: the error tells only that it lies above the range.
    ConsentCode::new(code).ok_or_else(|| reader.out_of_range("consent code", 2, CODES, MOST_CODE + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn code(number: u16) -> ConsentCode {
        ConsentCode::new(number).unwrap()
    }

    #[test]
    fn requests_are_an_operation_and_its_operands() {
        let register = UserRequest::RegisterNewUser { consent: code(1234) };
        let consent = UserRequest::Consent { user_index: 2, consent: code(9999) };
        assert_eq!(register.encode(), [1, 0xD2, 0x04]);
        assert_eq!(consent.encode(), [2, 2, 0x0F, 0x27]);
        assert_eq!(UserRequest::ListAllUsers.encode(), [4]);
        for request in [register, consent, UserRequest::ListAllUsers] {
            assert_eq!(ReceivedUserRequest::decode(&request.encode()), Ok(ReceivedUserRequest::Request(request)));
        }
    }

    #[test]
    fn a_device_recognises_what_would_make_it_forget() {
        assert_eq!(ReceivedUserRequest::decode(&[3]), Ok(ReceivedUserRequest::DeleteUserData));
        let all = ReceivedUserRequest::DeleteUsers { user_index: 0xFF };
        assert_eq!(ReceivedUserRequest::decode(&[5, 0xFF]), Ok(all));
        assert_eq!(all.operation(), 5);
    }

    #[test]
    fn malformed_requests_are_rejected_with_their_kind() {
        let kind = |octets: &[u8]| ReceivedUserRequest::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[]), "truncated");
        assert_eq!(kind(&[1, 0xD2]), "truncated");
        assert_eq!(kind(&[2, 1, 0xD2]), "truncated");
        assert_eq!(kind(&[1, 0x10, 0x27]), "out_of_range", "10000");
        assert_eq!(kind(&[4, 0]), "trailing_bytes");
        assert_eq!(kind(&[6]), "unsupported_opcode");
        assert_eq!(kind(&[0x20, 1, 1, 0]), "unsupported_opcode");
    }

    #[test]
    fn a_reply_carries_what_its_request_asked_for() {
        let outcome = |octets: &[u8]| UserReply::decode(octets).unwrap().outcome;
        assert_eq!(outcome(&[0x20, 1, 1, 3]), UserOutcome::DoneFor { user_index: 3 });
        assert_eq!(outcome(&[0x20, 2, 1]), UserOutcome::Done);
        assert_eq!(outcome(&[0x20, 4, 1, 5]), UserOutcome::NumberOfUsers(5));
        assert_eq!(outcome(&[0x20, 5, 1, 0xFF]), UserOutcome::DoneFor { user_index: 0xFF });
        assert_eq!(outcome(&[0x20, 2, 5]), UserOutcome::Refused(UserRefusal::NotAuthorised));
        assert_eq!(outcome(&[0x20, 2, 0x77]), UserOutcome::Refused(UserRefusal::Reserved(0x77)));
    }

    #[test]
    fn a_reply_without_its_parameter_or_with_too_much_is_rejected() {
        let kind = |octets: &[u8]| UserReply::decode(octets).unwrap_err().kind();
        assert_eq!(kind(&[0x20, 1, 1]), "truncated");
        assert_eq!(kind(&[0x20, 4, 1]), "truncated");
        assert_eq!(kind(&[0x20, 2, 1, 0]), "trailing_bytes");
        assert_eq!(kind(&[0x20, 1, 4, 0]), "trailing_bytes");
        assert_eq!(kind(&[4]), "unsupported_opcode");
    }

    #[test]
    fn a_reply_that_would_read_back_differently_is_not_encoded() {
        let wrong = [
            UserReply { request: CONSENT, outcome: UserOutcome::NumberOfUsers(1) },
            UserReply { request: REGISTER, outcome: UserOutcome::Done },
            UserReply { request: CONSENT, outcome: UserOutcome::Refused(UserRefusal::Reserved(SUCCESS)) },
        ];
        for reply in wrong {
            assert!(reply.encode().is_err(), "{reply:?}");
        }
    }

    #[test]
    fn a_code_is_not_printed() {
        let request = UserRequest::Consent { user_index: 2, consent: code(4711) };
        assert!(!format!("{request:?}").contains("4711"));
        let error = ReceivedUserRequest::decode(&[1, 0x11, 0x67]).unwrap_err();
        assert!(!format!("{error}").contains("26385"), "{error}");
    }
}
