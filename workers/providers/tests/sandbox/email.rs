//! Mail: it arrives as written, in clear or encrypted, and each refusal is told apart.

use sealflow_providers::email::{Config, EmailClient, Encryption, Error, Mail};
use sealflow_sandbox::{Account, Fault, Service};

use crate::World;

fn config(world: &World) -> Config {
    Config {
        host: "127.0.0.1".into(),
        port: world.sandbox.addresses.smtp.port(),
        encryption: Encryption::None,
        trust_file: None,
        username: None,
        password: None,
        from: "示例签 <no-reply@sign.example.cn>".into(),
        timeout_ms: 400,
    }
}

fn mail() -> Mail {
    Mail {
        to: "signer@example.cn".into(),
        subject: "您有一份合同待签署".into(),
        text: "请登录 http://127.0.0.1:8080/h5 查看\n.单独一个点的行\n".into(),
        html: "<p>请登录<a href=\"http://127.0.0.1:8080/h5\">查看</a></p>".into(),
        message_id: "job-1@sign.example.cn".into(),
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let world = World::start().await;
    EmailClient::new(config(&world)).unwrap().send(&mail()).await.unwrap();
    let mails = world.get("api/mails?to=signer@example.cn").await;
    assert_eq!(mails[0]["subject"], "您有一份合同待签署");
    assert_eq!(mails[0]["message_id"], "job-1@sign.example.cn");
    assert_eq!(mails[0]["from"], "no-reply@sign.example.cn");
    assert_eq!(mails[0]["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), mail().text.trim_end());
    assert_eq!(mails[0]["html"].as_str().unwrap().trim_end(), mail().html);
    assert_eq!(world.get("api/mails?to=other@example.cn").await, serde_json::json!([]));
}

#[tokio::test]
async fn over_starttls_the_password_opens_and_a_wrong_one_does_not() {
    let world =
        World::start_with(|config| config.smtp_account = Some(Account::new("sealflow", "secret"))).await;
    let mut encrypted = config(&world);
    encrypted.encryption = Encryption::Starttls;
    encrypted.trust_file = Some(world.sandbox.ca_file.clone());
    encrypted.username = Some("sealflow".into());
    encrypted.password = Some("secret".into());
    EmailClient::new(encrypted.clone()).unwrap().send(&mail()).await.unwrap();
    assert_eq!(world.get("api/mails").await.as_array().unwrap().len(), 1);

    encrypted.password = Some("wrong".into());
    let error = EmailClient::new(encrypted).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { code: 535 }), "{error:?}");
    let error = EmailClient::new(config(&world)).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    assert_eq!(world.get("api/mails").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_with_an_unknown_certificate_gets_no_mail() {
    let world = World::start().await;
    let other = World::start().await;
    let mut encrypted = config(&world);
    encrypted.encryption = Encryption::Starttls;
    encrypted.trust_file = Some(other.sandbox.ca_file.clone());
    let error = EmailClient::new(encrypted).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    assert_eq!(world.get("api/mails").await, serde_json::json!([]));
}

#[tokio::test]
async fn each_fault_has_its_ending() {
    let world = World::start().await;
    let client = EmailClient::new(config(&world)).unwrap();
    world.fault_once(Service::Smtp, Fault::Status { code: 451 }).await;
    let error = client.send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::Temporary { code: 451 }), "{error:?}");
    world.fault_once(Service::Smtp, Fault::Status { code: 550 }).await;
    let error = client.send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { code: 550 }), "{error:?}");
    world.fault_once(Service::Smtp, Fault::Throttle).await;
    let error = client.send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::Temporary { code: 450 }), "{error:?}");
    assert_eq!(world.get("api/mails").await, serde_json::json!([]));

    world.fault_once(Service::Smtp, Fault::TimeoutAfterAccept).await;
    let error = client.send(&mail()).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    client.send(&mail()).await.unwrap();
    let mails = world.get("api/mails").await;
    assert_eq!(mails.as_array().unwrap().len(), 2);
    assert_eq!(mails[0]["message_id"], mails[1]["message_id"]);
}
