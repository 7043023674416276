//! Random mishaps to windows, bases and what the target holds (I1).

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use proptest::prelude::*;
use store::Naming;
use transfer::{Parcel, WINDOW_BYTES, Watch};

use crate::scene::{Scene, broken_off, changed, first, pages, rot, second, strange};

/// What happens to a window.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Flipped(usize),
    Cut(usize),
    Longer,
    Gone,
    End,
    BrokenOff(usize),
    InOnePiece,
}

fn mishaps() -> impl Strategy<Value = Vec<Option<Mishap>>> {
    let mishap = prop_oneof![
        (0_usize..4_000_000).prop_map(Mishap::Flipped),
        (0_usize..4_000_000).prop_map(Mishap::Cut),
        Just(Mishap::Longer),
        Just(Mishap::Gone),
        Just(Mishap::End),
        (0_usize..400_000).prop_map(Mishap::BrokenOff),
        Just(Mishap::InOnePiece),
    ];
    prop::collection::vec(prop::option::weighted(0.4, mishap), 0..12)
}

fn befall(mishap: Mishap, parcel: Parcel) -> Parcel {
    match mishap {
        Mishap::Flipped(at) => changed(parcel, move |bytes| {
            let at = at % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x10;
            }
        }),
        Mishap::Cut(at) => changed(parcel, move |bytes| bytes.truncate(at % bytes.len().max(1))),
        Mishap::Longer => changed(parcel, |bytes| bytes.push(0)),
        Mishap::Gone => Parcel::Gone,
        Mishap::End => Parcel::End,
        Mishap::BrokenOff(bytes) => broken_off(parcel, bytes),
        Mishap::InOnePiece => match parcel {
            Parcel::Window(body) => {
                let whole = async move {
                    let bytes: Vec<Bytes> = body.try_collect().await?;
                    Ok(Bytes::from(bytes.concat()))
                };
                Parcel::Window(stream::once(whole).boxed())
            }
            other => other,
        },
    }
}

/// I1: whatever befalls windows, bases and the target's contents, the copy ends whole.
async fn check(kind: u8, share: u8, rotten: Vec<usize>, mishaps: Vec<Option<Mishap>>) {
    let old = first(150);
    let disk = match kind {
        0 => second(150, &Naming::Plain),
        1 => strange(150),
        _ => pages(150, &Naming::Plain, |page| (page % 700, page % 13 == 0)),
    };
    let scene = Scene::new(disk, Some(&old)).await;
    scene.disk.put_into(&scene.target, scene.domain, |id| id.as_bytes()[0] < share).await;
    rotten.iter().for_each(|at| rot(&scene.folder, old.chunks[*at]));
    let next = AtomicU64::new(0);
    let scene = scene.on_window(move |_, _, parcel| {
        let nth = next.fetch_add(1, Ordering::SeqCst) as usize;
        Ok(match mishaps.get(nth).copied().flatten() {
            Some(mishap) => befall(mishap, parcel),
            None => parcel,
        })
    });
    let moved = scene.fetch(&Watch::default()).await.unwrap();
    assert_eq!(moved.places, scene.disk.places);
    scene.assert_whole(&scene.disk).await;
    assert!(moved.bytes_received <= scene.frame_bytes() + WINDOW_BYTES, "{moved:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_befalls_its_windows_a_copy_ends_whole(
        kind in 0_u8..3,
        share in prop::sample::select(vec![0_u8, 40, 200]),
        rotten in prop::collection::vec(0_usize..150, 0..3),
        mishaps in mishaps(),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(check(kind, share, rotten, mishaps));
    }
}
