//! One HTTP/1.1 request or answer, as its bytes on the wire.
#![allow(dead_code)]

pub mod clock;

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// A request or an answer.
#[derive(Clone, Debug)]
pub struct Message {
    /// All of it, as it came.
    pub raw: Vec<u8>,
    /// The first line and the header lines, without their ends.
    pub head: Vec<String>,
    /// The content, out of its chunks.
    pub body: Vec<u8>,
}

impl Message {
    /// Reads one; none where the other side has closed.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Message>> {
        let mut message = Message { raw: Vec::new(), head: Vec::new(), body: Vec::new() };
        loop {
            let line = message.line(from)?;
            if line.is_empty() && message.head.is_empty() {
                return Ok(None);
            }
            if line.is_empty() {
                break;
            }
            message.head.push(line);
        }
        message.read_body(from)?;
        Ok(Some(message))
    }

    fn line(&mut self, from: &mut impl BufRead) -> io::Result<String> {
        let begin = self.raw.len();
        from.read_until(b'\n', &mut self.raw)?;
        Ok(String::from_utf8_lossy(&self.raw[begin..]).trim_end().to_owned())
    }

    fn read_body(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        if self.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let size = self.line(from)?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or(""), 16)
                    .map_err(io::Error::other)?;
                self.take(from, size)?;
                self.line(from)?;
                if size == 0 {
                    return Ok(());
                }
            }
        }
        let length = self.header("content-length").map(|text| text.parse().unwrap());
        match length {
            Some(length) => self.take(from, length),
            None if self.head[0].starts_with("HTTP/") => {
                from.read_to_end(&mut self.body)?;
                self.raw.extend(&self.body);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn take(&mut self, from: &mut impl BufRead, length: usize) -> io::Result<()> {
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        self.raw.extend(&bytes);
        self.body.extend(&bytes);
        Ok(())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find_map(|(word, value)| word.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The headers in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head[1..]
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name, value.trim()))
    }

    /// The words of a request's first line: method and target.
    pub fn request_line(&self) -> (&str, &str) {
        let mut words = self.head[0].split(' ');
        (words.next().unwrap_or(""), words.next().unwrap_or(""))
    }

    /// The status of an answer.
    pub fn status(&self) -> u16 {
        let word = self.head[0].split(' ').nth(1);
        word.and_then(|word| word.parse().ok()).expect("an answer has a status")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; a string of it where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::String(self.text()))
    }
}

/// Sends one request on a connection of its own.
pub fn send(address: &str, request: &[u8]) -> Message {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    Message::read(&mut BufReader::new(stream)).unwrap().expect("the service answers")
}
