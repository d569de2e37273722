//! The size of events, and numbers on their way through them.

use super::*;

fn sent(number: u64) -> Bytes {
    notification(EventId::from_bytes([0; 12]), &padded_client(number).unwrap()).unwrap()
}

#[test]
fn an_event_is_1024_bytes_whatever_its_number() {
    for number in [0, 1, u64::MAX] {
        assert_eq!(sent(number).len(), EVENT_SIZE);
    }
}

#[test]
fn a_number_comes_out_of_the_notification_that_it_went_into() {
    for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
        assert_eq!(number_of(&sent(number)), Some(number));
    }
}

#[test]
fn a_stamped_notification_is_the_one_made_with_that_number() {
    let mut numbered = Numbered::new(sent(0).to_vec()).unwrap();
    for number in [7, u64::MAX, 0] {
        assert_eq!(numbered.stamped(number), &sent(number)[..]);
    }
}

#[test]
fn what_is_not_one_of_our_notifications_has_no_number() {
    for body in [&b""[..], b"{}", &sent(1)[..90]] {
        assert_eq!(number_of(body), None);
    }
}
