//! Messages: signature, endings of a call, asking by `OutId`, receipts.

use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use sealflow_providers::sms::{
    Config, Error, LimitWindow, Message, Reason, Receipt, SendStatus, SmsClient, Template, TemplateCodes,
    Unclear, receipt,
};
use sealflow_sandbox::{Fault, SIGN_NAME, Service, TEMPLATE_CODES};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{LIMITS, World, eventually};

const PHONE: &str = "13800138000";

fn config(world: &World) -> Config {
    let code = |name| TEMPLATE_CODES.iter().find(|(known, _)| *known == name).unwrap().1.to_owned();
    Config {
        base_url: format!("http://{}", world.sandbox.addresses.sms).parse().unwrap(),
        access_key_id: "sandbox-key-id".into(),
        access_key_secret: "sandbox-key-secret".into(),
        sign_name: SIGN_NAME.into(),
        templates: TemplateCodes {
            login_code: code("login_code"),
            intent_code: code("intent_code"),
            sign_request: code("sign_request"),
            reminder: code("reminder"),
            completed: code("completed"),
            declined: code("declined"),
        },
        limits: LIMITS,
    }
}

fn client(world: &World) -> SmsClient {
    SmsClient::new(config(world)).unwrap()
}

fn message(out_id: &str) -> Message {
    let template = Template::IntentCode { code: "013579".into(), title: "采购合同 A+B (2026)".into() };
    Message { phone: PHONE.into(), template, out_id: out_id.into() }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

#[tokio::test]
async fn a_signed_message_arrives_with_its_words() {
    let world = World::start().await;
    let receipt = client(&world).send(&message("job-1")).await.unwrap();
    let list = world.get(&format!("api/messages?phone={PHONE}")).await;
    assert_eq!(
        list[0]["text"],
        "【示例签】验证码013579，您正在确认签署《采购合同 A+B (2026)》，10分钟内有效。如非本人操作，请勿告知他人。"
    );
    assert_eq!(list[0]["biz_id"], receipt.biz_id.as_str());
    assert_eq!(world.count("job-1").await, (1, 1));
    assert_eq!(world.get("api/messages?phone=13900139000").await, Value::Array(vec![]));
    let later = now_ms() + 60_000;
    assert_eq!(world.get(&format!("api/messages?after={later}")).await, Value::Array(vec![]));
}

#[tokio::test]
async fn every_template_is_known_to_the_vendor() {
    let world = World::start().await;
    let client = client(&world);
    let templates = [
        Template::LoginCode { code: "123456".into() },
        Template::SignRequest { token: "aB-1_x".into() },
        Template::Reminder { token: "aB-1_x".into() },
        Template::Completed,
        Template::Declined,
    ];
    for template in templates {
        let out_id = template.name().to_owned();
        let message = Message { phone: PHONE.into(), template, out_id: out_id.clone() };
        client.send(&message).await.unwrap();
        assert_eq!(world.count(&out_id).await, (1, 1), "{out_id}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_nothing_is_sent() {
    let world = World::start().await;
    let mut config = config(&world);
    config.access_key_secret = "another".into();
    let error = SmsClient::new(config).unwrap().send(&message("job-1")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Rejected { reason: Reason::Credentials, code, .. } if code == "SignatureDoesNotMatch"),
        "{error:?}"
    );
    assert_eq!(world.count("job-1").await, (0, 0));
}

#[tokio::test]
async fn a_request_that_was_changed_on_its_way_is_refused() {
    let world = World::start().await;
    let error = send_through(&world, |request| request.replace(PHONE, "13900139000")).await.unwrap_err();
    assert!(matches!(&error, Error::Rejected { code, .. } if code == "SignatureDoesNotMatch"), "{error:?}");
    assert_eq!(world.get("api/messages").await, Value::Array(vec![]));
}

#[tokio::test]
async fn a_request_from_another_time_is_refused() {
    let world = World::start().await;
    let at_first = |request: String| request.replacen("x-acs-date: 20", "x-acs-date: 19", 1);
    let error = send_through(&world, at_first).await.unwrap_err();
    assert!(
        matches!(&error, Error::Rejected { code, .. } if code == "InvalidTimeStamp.Expired"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_request_that_is_repeated_word_for_word_is_refused() {
    let world = World::start().await;
    let heard = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&heard);
    send_through(&world, move |request| {
        ear.lock().unwrap().clone_from(&request);
        request
    })
    .await
    .unwrap();
    let request = heard.lock().unwrap().clone();
    let mut server = TcpStream::connect(world.sandbox.addresses.sms).await.unwrap();
    server.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert!(server.read_buf(&mut answer).await.unwrap() > 0);
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("SignatureNonceUsed"), "{answer}");
    assert_eq!(world.count("job-1").await, (1, 1));
}

/// Sends a message past a man in the middle, who changes the request.
async fn send_through(
    world: &World,
    change: impl Fn(String) -> String + Send + 'static,
) -> Result<Receipt, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = world.sandbox.addresses.sms;
    let mut config = config(world);
    config.base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert!(client.read_buf(&mut request).await.unwrap() > 0);
        }
        let request = change(String::from_utf8(request).unwrap());
        let mut server = TcpStream::connect(gateway).await.unwrap();
        server.write_all(request.as_bytes()).await.unwrap();
        // Ends when either side hangs up.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    SmsClient::new(config).unwrap().send(&message("job-1")).await
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong() {
    let world = World::start().await;
    let mut config = config(&world);
    config.sign_name = "没有的签".into();
    config.templates.completed = "SMS_1".into();
    let client = SmsClient::new(config).unwrap();
    let error = client.send(&message("job-1")).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { reason: Reason::SignName, .. }), "{error:?}");
    assert_eq!(world.count("job-1").await, (1, 0));
}

#[tokio::test]
async fn each_fault_has_its_ending() {
    let world = World::start().await;
    let client = client(&world);
    let code = |code: &str, message: &str| Fault::VendorCode { code: code.into(), message: message.into() };

    world.fault_once(Service::Sms, Fault::Throttle).await;
    let error = client.send(&message("throttled")).await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error:?}");

    world.fault_once(Service::Sms, code("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5")).await;
    let error = client.send(&message("limited")).await.unwrap_err();
    assert!(matches!(error, Error::PerNumberLimit { window: LimitWindow::Hour, .. }), "{error:?}");

    world.fault_once(Service::Sms, code("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")).await;
    let error = client.send(&message("poor")).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { reason: Reason::Balance, .. }), "{error:?}");

    world.fault_once(Service::Sms, code("isp.SYSTEM_ERROR", "")).await;
    let error = client.send(&message("broken")).await.unwrap_err();
    assert!(matches!(error, Error::Unknown(Unclear::SystemError { .. })), "{error:?}");

    world.fault_once(Service::Sms, Fault::Status { code: 502 }).await;
    let error = client.send(&message("between")).await.unwrap_err();
    assert!(matches!(error, Error::Unknown(Unclear::Status(502))), "{error:?}");

    for out_id in ["throttled", "limited", "poor", "broken", "between"] {
        assert_eq!(world.count(out_id).await, (1, 0), "{out_id}");
    }
    client.send(&message("after")).await.unwrap();
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found() {
    let world = World::start().await;
    let client = client(&world);
    world.fault_once(Service::Sms, Fault::TimeoutAfterAccept).await;
    let called_at_ms = now_ms();
    let error = client.send(&message("job-1")).await.unwrap_err();
    assert!(matches!(error, Error::Unknown(Unclear::NoAnswer(_))), "{error:?}");
    let found = client.find(PHONE, "job-1", called_at_ms).await.unwrap();
    assert!(found.is_some());
    assert_eq!(client.find(PHONE, "job-2", called_at_ms).await.unwrap(), None);
    assert_eq!(world.count("job-1").await, (1, 1));
}

#[tokio::test]
async fn a_message_that_never_arrived_is_not_found() {
    let world = World::start().await;
    let client = client(&world);
    world.fault_once(Service::Sms, Fault::TimeoutBeforeAccept).await;
    let called_at_ms = now_ms();
    let error = client.send(&message("job-1")).await.unwrap_err();
    assert!(matches!(error, Error::Unknown(Unclear::NoAnswer(_))), "{error:?}");
    assert_eq!(client.find(PHONE, "job-1", called_at_ms).await.unwrap(), None);
    assert_eq!(world.count("job-1").await, (1, 0));
}

#[tokio::test]
async fn an_unanswered_question_is_not_taken_for_a_no() {
    let world = World::start().await;
    let client = client(&world);
    client.send(&message("job-1")).await.unwrap();
    world.fault_once(Service::SmsQuery, Fault::Status { code: 500 }).await;
    let error = client.find(PHONE, "job-1", now_ms()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn a_message_is_found_behind_many_others() {
    let world = World::start().await;
    let client = client(&world);
    client.send(&message("first")).await.unwrap();
    for n in 0..60 {
        client.send(&message(&format!("later-{n}"))).await.unwrap();
    }
    let found = client.find(PHONE, "first", now_ms()).await.unwrap().unwrap();
    assert!(found.sent_at_ms.is_some());
}

#[tokio::test]
async fn a_gateway_that_is_not_there_got_nothing() {
    let world = World::start().await;
    let mut config = config(&world);
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    config.base_url = format!("http://{free}").parse().unwrap();
    let error = SmsClient::new(config).unwrap().send(&message("job-1")).await.unwrap_err();
    assert!(matches!(error, Error::Unreached(_)), "{error:?}");
}

#[tokio::test]
async fn no_error_names_the_phone_or_the_code() {
    let world = World::start().await;
    let client = client(&world);
    world.fault_once(Service::Sms, Fault::TimeoutAfterAccept).await;
    let error = client.send(&message("job-1")).await.unwrap_err();
    let mut words = format!("{error:?}");
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    assert!(!words.contains(PHONE) && !words.contains("013579"), "{words}");
}

#[tokio::test]
async fn the_same_message_twice_is_two_messages() {
    let world = World::start().await;
    let client = client(&world);
    client.send(&message("job-1")).await.unwrap();
    client.send(&message("job-1")).await.unwrap();
    assert_eq!(world.count("job-1").await, (2, 2));
}

#[tokio::test]
async fn receipts_come_once_or_by_fault_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callbacks", listener.local_addr().unwrap());
    let world = World::start_with(|config| config.receipts_url = Some(url.parse().unwrap())).await;
    let client = client(&world);

    client.send(&message("job-1")).await.unwrap();
    let reports = receipt::parse(&acknowledge(&listener).await).unwrap();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].delivered && reports[0].phone == PHONE && reports[0].err_code == "DELIVERED");
    assert_eq!(reports[0].out_id.as_deref(), Some("job-1"));

    world.fault_once(Service::Sms, Fault::DuplicateReceipt).await;
    let sent = client.send(&message("job-2")).await.unwrap();
    let first = receipt::parse(&acknowledge(&listener).await).unwrap();
    let second = receipt::parse(&acknowledge(&listener).await).unwrap();
    assert_eq!(first, second);
    assert_eq!(first[0].biz_id, sent.biz_id);

    world.fault_once(Service::Sms, Fault::FailedDelivery).await;
    client.send(&message("job-3")).await.unwrap();
    let reports = receipt::parse(&acknowledge(&listener).await).unwrap();
    assert!(!reports[0].delivered);
    let found = client.find(PHONE, "job-3", now_ms()).await.unwrap().unwrap();
    assert_eq!(found.status, SendStatus::Failed);
}

/// Takes one post and answers as the vendor wants; its body.
async fn acknowledge(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0, "the post ended early");
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let start = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        if request.len() - start == length.parse::<usize>().unwrap() {
            let body = receipt::ACKNOWLEDGEMENT;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            return request.split_off(start);
        }
    }
}

#[tokio::test]
async fn a_delivered_message_says_so_when_asked() {
    let world = World::start().await;
    let client = client(&world);
    client.send(&message("job-1")).await.unwrap();
    let found = eventually(async || {
        let found = client.find(PHONE, "job-1", now_ms()).await.unwrap();
        found.filter(|found| found.status == SendStatus::Delivered)
    })
    .await;
    assert_eq!(found.err_code, "DELIVERED");
    assert!(found.received_at_ms >= found.sent_at_ms);
}

#[tokio::test]
async fn phones_and_counts_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let world = World::start_with(|config| config.state_dir = state.clone()).await;
    client(&world).send(&message("job-1")).await.unwrap();
    let before = world.get("api/messages").await[0]["text"].clone();
    world.sandbox.stop().await;

    let world = World::start_with(|config| config.state_dir = state.clone()).await;
    assert_eq!(world.get("api/messages").await[0]["text"], before);
    assert_eq!(world.count("job-1").await, (1, 1));
    assert!(client(&world).find(PHONE, "job-1", now_ms()).await.unwrap().is_some());
}
