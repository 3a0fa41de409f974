//! Publishes a message with rust-mqtt over mutual TLS and waits until the broker delivers it, with buffers of fixed size.
//!
//! ```text
//! mqtt 127.0.0.1:8883 broker.example.com root.pem client.pem client.key orders/gateway-7
//! ```
//! A broker such as mosquitto takes the user name from the certificate (`use_identity_as_username`).

use core::net::SocketAddr;
use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::std::system_time;
use embedded_mtls::x509::{ServerName, TrustAnchor};
use embedded_mtls::{Buffers, ClientConfig, Credential, Entropy, KeyHandle};
use embedded_mtls_connect::tokio::Network;
use embedded_mtls_connect::{Connector, Lent, SoftwareDevice};
use mtls_pki::pem;
use rust_mqtt::buffer::AllocBuffer;
use rust_mqtt::client::Client;
use rust_mqtt::client::event::Event;
use rust_mqtt::client::options::{
    ConnectOptions, DisconnectOptions, PublicationOptions, SubscriptionOptions, TopicReference,
};
use rust_mqtt::types::{MqttString, TopicFilter, TopicName};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, name, root, chain, key, topic] = &words[..] else {
        return Err("usage: mqtt ADDRESS:PORT NAME ROOT CHAIN KEY TOPIC".into());
    };
    let address: SocketAddr = address.parse()?;

    // Our identity and trust anchors, which a device has in flash.
    let root = pem::certificates(root)?;
    let anchors = [TrustAnchor::from_certificate(root.first().ok_or("no certificate")?)?];
    let identity = pem::identity(chain, key, &pem::Password::none())?;
    let chain: Vec<&[u8]> = identity.chain.iter().map(Vec::as_slice).collect();
    let credentials = [Credential::new(&chain, KeyHandle(0))?];
    let keys = [P256SigningKey::from_der(identity.key.to_der()).map_err(|_| "an unusable key")?];
    let device = SoftwareDevice {
        credentials: &credentials,
        keys: &keys,
        clock: system_time,
        entropy: || Entropy::from_system().expect("the entropy of the system"),
    };

    // One connection at a time: one set of buffers.
    let (mut rx, mut tx, mut peer) = ([0; 4096], [0; 1024], [0; 2048]);
    let lent = [Lent::new(Buffers { rx: &mut rx, tx: &mut tx, peer: &mut peer })];
    let config = ClientConfig::new(ServerName::parse(name)?, &anchors);
    let connector = Connector::new(Network, &config, device, &lent);

    if let Err(error) = publish(&connector, address, topic).await {
        let reason = connector.last_error().map_or_else(String::new, |reason| format!(": {reason}"));
        return Err(format!("{error}{reason}").into());
    }
    Ok(())
}

async fn publish<'b>(
    connector: &Connector<'_, 'b, Network, SoftwareDevice<'b>>,
    broker: SocketAddr,
    topic: &str,
) -> Result<(), Box<dyn Error>> {
    let connection = connector.secure(Network.open(broker).await?).await?;

    // A device gives the client a buffer of its own in place of the heap (feature `bump`).
    let mut buffer = AllocBuffer;
    let mut client = Client::<'_, '_, _, _, 1, 1, 1, 0, 1, 0, 0>::new(&mut buffer);
    let failed = |error: &dyn core::fmt::Debug| format!("{error:?}");
    client.connect(connection, &ConnectOptions::new().clean_start(), None).await.map_err(|error| failed(&error))?;

    let name = MqttString::from_str(topic).map_err(|error| failed(&error))?;
    let filter = TopicFilter::new(name.as_borrowed()).ok_or("no topic")?;
    client.subscribe(filter, &SubscriptionOptions::new()).await.map_err(|error| failed(&error))?;
    let name = TopicName::new(name).ok_or("no topic")?;
    let options = PublicationOptions::new(TopicReference::Name(name));
    client.publish(&options, "100 bolts".into()).await.map_err(|error| failed(&error))?;
    loop {
        match client.poll().await.map_err(|error| failed(&error))? {
            Event::Publish(message) => {
                println!("{}", String::from_utf8_lossy(message.message.as_bytes()));
                break;
            }
            Event::Suback(answer) => println!("subscribed: {:?}", answer.reason_code),
            _ => {}
        }
    }
    let mut connection = client.disconnect(&DisconnectOptions::new()).await.map_err(|error| failed(&error))?;
    connection.close().await?;
    Ok(())
}
