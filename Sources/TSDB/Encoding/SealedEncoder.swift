import Model

/// Encodes rows. Its memory is kept from row to row, because sealing a block encodes one row per series.
///
/// Not thread-safe: each thread has its own.
final class SealedEncoder {
    let columns: NumberColumnEncoder
    let values: ValueColumnEncoder
    let times = Scratch<Int64>()

    init() {
        columns = NumberColumnEncoder()
        values = ValueColumnEncoder(columns)
    }
}
