//! `wan`: runs commands at the two ends of an emulated wide area network.

mod commands;

use std::io::BufRead;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use clap::Parser;
use wan::{
    Checksum, Cut, Flips, Settings, Side, Wan, WanError, Way, parse_bytes, parse_rate, parse_share,
    parse_time,
};

/// What is written when the network stands, and what can be said while it does.
const MANUAL: &str = "\
Commands are given to `sh -c`, in which LEFT and RIGHT are the addresses of the two sides. The network ends when the right
command has ended (or the left one, if it is alone), and then what still runs in it is killed; without commands it ends with
the input. The exit code is that of the command that ended it.

Lines of the input, `>` and `<` for one direction (left to right is `>`):
  rate 10mbit [>|<]     delay 20ms [>|<]     loss 0.1% [>|<]     cut     heal     counts     quit

Example: wan --rate 100mbit --delay 50ms --loss 0.1% --left 'iperf3 -s' --right 'sleep 1; iperf3 -c $LEFT'";

/// A wide area network on this machine: two network namespaces, joined by a rate, a delay and a loss. Needs root.
#[derive(Parser)]
#[command(version, after_help = MANUAL)]
struct Args {
    /// Rate of each direction, as `100mbit` or `unlimited`.
    #[arg(long, default_value = "unlimited", value_parser = |text: &str| parse_rate(text).map(Rate))]
    rate: Rate,
    /// Delay of each direction, as `50ms`: half a round trip.
    #[arg(long, default_value = "0ms", value_parser = parse_time)]
    delay: std::time::Duration,
    /// Bytes that may wait for the rate, as `1MiB`; else what it carries in a round trip.
    #[arg(long, value_parser = parse_bytes)]
    queue: Option<u64>,
    /// Share of packets lost by chance, as `0.1%`.
    #[arg(long, default_value = "0", value_parser = parse_share)]
    loss: f64,
    /// Share of packets of which one bit is flipped.
    #[arg(long, default_value = "0", value_parser = parse_share)]
    flip: f64,
    /// Flipped bits are in payloads, and the checksum is made to fit, so that they reach the application.
    #[arg(long)]
    repair: bool,
    /// Cut from then to then, as `5s..10s`; may be given several times.
    #[arg(long, value_parser = commands::parse_cut)]
    cut: Vec<Cut>,
    /// Seed of all chances.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Command of the left side.
    #[arg(long)]
    left: Option<String>,
    /// Command of the right side.
    #[arg(long)]
    right: Option<String>,
}

/// A rate, or none. (`Option` means something else to the parser of arguments.)
#[derive(Clone, Copy)]
struct Rate(Option<u64>);

impl Args {
    fn settings(&self) -> Settings {
        let checksum = if self.repair { Checksum::Repaired } else { Checksum::Stays };
        Settings {
            bits_per_sec: self.rate.0,
            delay: self.delay,
            queue_bytes: self.queue,
            loss: self.loss,
            flips: Flips { share: self.flip, checksum, least_payload_bytes: 1 },
        }
    }
}

/// What the program waits for.
enum Event {
    Line(String),
    InputEnded,
    Ended(Side, u8),
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let mut text = error.to_string();
            if let Some(source) = std::error::Error::source(&error) {
                text = format!("{text}: {source}");
            }
            eprintln!("wan: {text}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<u8, WanError> {
    let wan = Wan::start_with_cuts(&args.settings(), &args.cut, args.seed)?;
    for (side, word) in [(Side::Left, "left"), (Side::Right, "right")] {
        eprintln!("{word}: {}, ip netns exec {}", wan.address(side), wan.namespace(side));
    }
    let (tell, told) = sync_channel(16);
    for (side, line) in [(Side::Left, &args.left), (Side::Right, &args.right)] {
        if let Some(line) = line {
            await_end(side, start(&wan, side, line)?, tell.clone());
        }
    }
    let has_commands = args.left.is_some() || args.right.is_some();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(Event::Line(line)).is_err() {
                return;
            }
        }
        // Nobody listens any more, if so.
        let _ = tell.send(Event::InputEnded);
    });
    let deciding = if args.right.is_some() { Side::Right } else { Side::Left };
    let code = obey(&wan, &told, has_commands.then_some(deciding));
    print_counts(&wan);
    Ok(code)
}

fn start(wan: &Wan, side: Side, line: &str) -> Result<Child, WanError> {
    let mut command: Command = wan.command(side, "sh");
    command.args(["-c", line]).stdin(std::process::Stdio::null());
    command.env("LEFT", wan.address(Side::Left).to_string());
    command.env("RIGHT", wan.address(Side::Right).to_string());
    let failed = |source| WanError::Failed { doing: format!("run `{line}`"), source };
    command.spawn().map_err(failed)
}

fn await_end(side: Side, mut child: Child, tell: SyncSender<Event>) {
    std::thread::spawn(move || {
        let code = child.wait().ok().and_then(|status| status.code());
        let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        // Nobody listens any more, if so.
        let _ = tell.send(Event::Ended(side, code));
    });
}

/// Does what the input says until it is over; answers the exit code.
fn obey(wan: &Wan, told: &Receiver<Event>, deciding: Option<Side>) -> u8 {
    while let Ok(event) = told.recv() {
        match event {
            Event::Ended(side, code) if Some(side) == deciding => return code,
            Event::Ended(..) => {}
            Event::InputEnded if deciding.is_none() => return 0,
            Event::InputEnded => {}
            Event::Line(line) => match commands::parse(&line) {
                Ok(commands::Order::Quit) => return 0,
                Ok(commands::Order::Counts) => print_counts(wan),
                Ok(commands::Order::Cut) => wan.cut(),
                Ok(commands::Order::Heal) => wan.heal(),
                Ok(commands::Order::Change(change, ways)) => {
                    for way in ways {
                        let mut settings = wan.settings(way);
                        change.apply(&mut settings);
                        wan.set(way, settings);
                    }
                }
                Err(error) => eprintln!("wan: {error}"),
            },
        }
    }
    0
}

fn print_counts(wan: &Wan) {
    eprintln!("> {}", wan.counts(Way::ToRight));
    eprintln!("< {}", wan.counts(Way::ToLeft));
}
