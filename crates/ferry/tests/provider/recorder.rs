//! A forward proxy that hands on every request and answer byte for byte, and remembers them.

use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::wire::Message;

/// Requests and their answers, in the order of the answers.
pub type Exchanges = Arc<Mutex<Vec<(Message, Message)>>>;

/// A proxy before one service. Its threads end with the process.
pub struct Recorder {
    /// `127.0.0.1:7070`
    pub address: String,
    pub exchanges: Exchanges,
}

impl Recorder {
    /// Starts one before the service at an address.
    pub fn before(service: &str) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let exchanges = Exchanges::default();
        let (service, seen) = (service.to_owned(), exchanges.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (service, seen) = (service.clone(), seen.clone());
                // A side that closes in the middle ends the connection; the client tells what it misses.
                std::thread::spawn(move || hand_on(client?, &service, &seen));
            }
        });
        Recorder { address, exchanges }
    }
}

/// Each request has a connection of its own to the service, which closes those that are idle; the client's stays.
fn hand_on(client: TcpStream, service: &str, seen: &Exchanges) -> io::Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    while let Some(request) = Message::read(&mut requests)? {
        let mut service = TcpStream::connect(service)?;
        service.write_all(&request.raw)?;
        let Some(answer) = Message::read(&mut BufReader::new(service))? else { break };
        // Remembered first: whoever has the answer may look at what is remembered.
        let bytes = answer.raw.clone();
        seen.lock().expect("no thread panics with it").push((request, answer));
        (&client).write_all(&bytes)?;
    }
    Ok(())
}
