//! Decodes payloads into one Arrow batch with the crate arrow-avro, as often as it is asked to.
//!
//! `arrow-avro-rival SCHEMA PAYLOADS`: the files of an Avro schema, and of payloads in the frame of
//! Confluent's wire format with schema id 1, each after its size as four bytes, little-endian. Each
//! line of standard input asks for one round; the answer is a line with the seconds that it took. A
//! line that is not empty is a path, to which the batch is then written as a file of Arrow IPC.

use std::error::Error;
use std::fs::{File, read, read_to_string};
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_avro::reader::{Decoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use arrow_ipc::writer::FileWriter;

const SCHEMA_ID: u32 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [schema, payloads] = arguments.as_slice() else {
        return Err("usage: arrow-avro-rival SCHEMA PAYLOADS".into());
    };
    let messages = messages_of(&read(payloads)?);
    let mut decoder = decoder_of(read_to_string(schema)?, messages.len())?;
    for line in stdin().lock().lines() {
        let path = line?;
        let start = Instant::now();
        let batch = decode(&mut decoder, &messages)?;
        println!("{:.9}", start.elapsed().as_secs_f64());
        stdout().flush()?;
        if !path.is_empty() {
            write(&batch, &path)?;
            println!("written");
        }
    }
    Ok(())
}

/// The messages of a file, each in memory of its own, as a client has them.
fn messages_of(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((size, rest)) = file.split_first_chunk::<4>() {
        let (message, rest) = rest.split_at(u32::from_le_bytes(*size) as usize);
        messages.push(message.to_vec());
        file = rest;
    }
    messages
}

fn decoder_of(schema: String, rows: usize) -> Result<Decoder, Box<dyn Error>> {
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    let id = store.set(Fingerprint::Id(SCHEMA_ID), AvroSchema::new(schema))?;
    let builder = ReaderBuilder::new()
        .with_writer_schema_store(store)
        .with_active_fingerprint(id);
    Ok(builder.with_batch_size(rows).build_decoder()?)
}

fn decode(decoder: &mut Decoder, messages: &[Vec<u8>]) -> Result<RecordBatch, Box<dyn Error>> {
    for message in messages {
        if decoder.decode(message)? != message.len() {
            return Err("a payload was not read to its end".into());
        }
    }
    decoder.flush()?.ok_or_else(|| "there are no rows".into())
}

fn write(batch: &RecordBatch, path: &str) -> Result<(), Box<dyn Error>> {
    let mut writer = FileWriter::try_new(File::create(path)?, &batch.schema())?;
    writer.write(batch)?;
    Ok(writer.finish()?)
}
