//! One volume from end to end.
use shadowvol_host::*;
#[test]
fn smoke() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let image = dir.path().join("a.img");
    let vol = Volume::create(
        &image,
        &CreateOptions {
            size: Some(10_000_000),
            durability: Durability::Coherent,
            ..Default::default()
        },
    )?;
    let mut truth: Vec<(shadowvol::CopyId, Vec<u8>)> = vec![];
    let mut now = vec![0u8; 10_000_000];
    let node = Passive::open(&image, &PassiveOptions::default())?;
    let mut x: u64 = 1;
    let mut rnd = |n: u64| {
        x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (x >> 33) % n
    };
    for round in 0..2000u64 {
        let off = rnd(10_000_000 - 70000);
        let len = rnd(70000);
        let data: Vec<u8> = (0..len).map(|i| (i as u8) ^ (round as u8) | 1).collect();
        vol.write(off, &data)?;
        now[off as usize..(off + len) as usize].copy_from_slice(&data);
        if round % 100 == 50 {
            let c = vol.create_shadow_copy("x")?;
            truth.push((c.id, now.clone()));
        }
        if round % 300 == 250 {
            vol.compact()?;
        }
        if truth.len() > 6 {
            let (id, _) = truth.remove(rnd(6) as usize);
            vol.delete_shadow_copies(&[id])?;
        }
        for (id, t) in &truth {
            let off = rnd(10_000_000 - 70000);
            let len = rnd(70000);
            let mut b = vec![0; len as usize];
            node.shadow_copy(*id)?.read(off, &mut b)?;
            assert_eq!(b, t[off as usize..(off + len) as usize], "copy {id} round {round}");
        }
    }
    println!("{:?}", vol.stats());
    println!("{:?}", node.stats());
    vol.close()?;
    let vol = Volume::open(&image, &OpenOptions::default())?;
    for (id, t) in &truth {
        let mut b = vec![0; 10_000_000];
        vol.reader()?.shadow_copy(*id)?.read(0, &mut b)?;
        assert!(b == *t);
        let mut b = vec![0; 10_000_000];
        node.shadow_copy(*id)?.read(0, &mut b)?;
        assert!(b == *t);
    }
    println!("{:?}", check(&node, |_, _| true)?);
    Ok(())
}
