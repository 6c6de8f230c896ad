//! A minimal HTTP client with one kept-alive connection, for the control API and for the server's time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A connection.
#[derive(Debug)]
pub(crate) struct Http(BufReader<TcpStream>);

impl Http {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("connect to the sandbox")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads the body of a response 200. `head`: further header lines, each with its line end.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        host: &str,
        target: &str,
        head: &str,
        body: &str,
    ) -> Result<Vec<u8>> {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let first = self.line()?;
        let mut length = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value
                    .trim()
                    .parse()
                    .context("read the length of a response")?;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer)?;
        if first.split(' ').nth(1) != Some("200") {
            bail!(
                "{method} {target}: {first}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        Ok(answer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self
            .0
            .read_line(&mut line)
            .context("read a response of the sandbox")?
            == 0
        {
            bail!("the sandbox closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
