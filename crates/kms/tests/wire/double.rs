//! A service of a few lines that answers as it is told, and writes down what it is asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the double does with one request.
pub enum Act {
    /// Sends these bytes and waits for more.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    SendThenClose(Vec<u8>),
    /// Sends these bytes and then nothing, without closing.
    SendThenHang(Vec<u8>),
    /// Sends these bytes, and then the letter `a` for as long as they are taken.
    SendThenFlood(Vec<u8>),
}

/// An answer with this status and JSON.
pub fn json(status: u16, body: &str) -> Act {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n");
    Act::Send(format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes())
}

/// The answer `{"__type": name, …}` as AWS gives it.
pub fn refusal(name: &str) -> Act {
    json(400, &format!(r#"{{"__type":"{name}","message":"words of the service"}}"#))
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub head: String,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| line.split_once(':').map(|(n, _)| n.eq_ignore_ascii_case(name));
        let found = self.head.lines().find(|text| line(text) == Some(true))?;
        Some(found.split_once(':')?.1.trim())
    }
}

pub struct Double {
    pub endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// Answers one request after the other with these. More requests than answers get a closed connection.
    pub async fn answering(acts: impl IntoIterator<Item = Act>) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let acts: Arc<Mutex<VecDeque<Act>>> = Arc::new(Mutex::new(acts.into_iter().collect()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acts.clone(), notes.clone()));
            }
        });
        Double { endpoint, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    acts: Arc<Mutex<VecDeque<Act>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
) {
    while let Some(request) = read(&mut stream).await {
        asked.lock().unwrap().push(request);
        let act = acts.lock().unwrap().pop_front();
        match act {
            None => return,
            Some(Act::Send(bytes)) => stream.write_all(&bytes).await.unwrap(),
            Some(Act::SendThenClose(bytes)) => {
                stream.write_all(&bytes).await.unwrap();
                return;
            }
            Some(Act::SendThenHang(bytes)) => {
                stream.write_all(&bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
            Some(Act::SendThenFlood(bytes)) => {
                stream.write_all(&bytes).await.unwrap();
                while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let asked = Asked { head: head.to_owned(), body: body.to_owned() };
        let length: usize = asked.header("content-length").unwrap().parse().unwrap();
        if body.len() == length {
            return Some(asked);
        }
    }
}
