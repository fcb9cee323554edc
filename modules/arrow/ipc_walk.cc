// ipc_walk.cc - the messages of an Arrow file from its first to its last byte, held against its footer. Messages and
// footer are flatbuffers (format: Message.fbs, File.fbs of the Arrow format). The library has no interface for the rows of a
// batch that is not read, nor for the footer's list.
#include <arrow/ipc/message.h>

#include <algorithm>
#include <cstring>

#include "ipc.h"

namespace dcetl_arrow {

namespace {

constexpr char kMagic[] = "ARROW1";
constexpr int64_t kMagicSize = 6, kHead = 8, kTail = 10;  // the magic, padded; the footer's length and the magic
constexpr int64_t kBlockSize = 24;                       // struct Block: offset, length of metadata, 4 unused, length of body

// Where a message is.
struct Block {
  int64_t offset, metadata, body;
  bool operator==(const Block&) const = default;
};

struct Messages {
  std::vector<Block> dictionaries, batches;
  std::vector<int64_t> rows;  // of each batch
};

template <typename Number>
Number Load(const uint8_t* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

// The first member of the table RecordBatch in a message that the library has verified: its length.
int64_t RowsOf(const arrow::ipc::Message& message) {
  const auto* table = static_cast<const uint8_t*>(message.header());
  const uint8_t* members = table - Load<int32_t>(table);
  if (Load<uint16_t>(members) < 6) return 0;
  uint16_t at = Load<uint16_t>(members + 4);
  return at ? Load<int64_t>(table + at) : 0;
}

Status Damaged(int64_t offset) { return Status::Invalid("the message at byte ", offset, " is damaged"); }

Result<Messages> Walk(SourceFile* file, int64_t end) {
  Messages found;
  for (int64_t offset = kHead; offset + 4 <= end;) {
    uint8_t prefix[8] = {};
    ARROW_RETURN_NOT_OK(file->ReadAll(offset, std::min<int64_t>(end - offset, 8), prefix));
    const bool marked = Load<uint32_t>(prefix) == 0xFFFFFFFF;  // older files have the length alone
    const int64_t length = Load<int32_t>(prefix + (marked ? 4 : 0)), begin = marked ? 8 : 4;
    if (length == 0) break;  // the end of the stream
    if (length < 0 || length > end - offset - begin) return Damaged(offset);
    ARROW_ASSIGN_OR_RAISE(auto metadata, file->ReadAt(offset + begin, length));
    auto message = arrow::ipc::Message::Open(metadata, nullptr);
    if (!message.ok()) return Damaged(offset);
    const int64_t body = (*message)->body_length();
    if (body < 0 || body > end - offset - begin - length) return Damaged(offset);
    const Block block = {offset, begin + length, body};
    if ((*message)->type() == arrow::ipc::MessageType::DICTIONARY_BATCH) found.dictionaries.push_back(block);
    if ((*message)->type() == arrow::ipc::MessageType::RECORD_BATCH) {
      found.batches.push_back(block);
      found.rows.push_back(RowsOf(**message));
      if (found.rows.back() < 0) return Damaged(offset);
    }
    offset += begin + length + body;
  }
  return found;
}

// A list of blocks in the footer: the member at this place of its table. false: it is not inside of the footer.
bool FooterBlocks(const arrow::Buffer& footer, int member, std::vector<Block>* out) {
  const uint8_t* data = footer.data();
  const int64_t size = footer.size();
  auto inside = [&](int64_t at, int64_t bytes) { return at >= 0 && at <= size - bytes; };
  if (!inside(0, 4)) return false;
  const int64_t table = Load<uint32_t>(data);
  if (!inside(table, 4)) return false;
  const int64_t members = table - Load<int32_t>(data + table), place = members + 4 + 2 * member;
  if (!inside(members, 4)) return false;
  if (place + 2 > members + Load<uint16_t>(data + members)) return true;  // not there: an empty list
  if (!inside(place, 2)) return false;
  const int64_t at = Load<uint16_t>(data + place);
  if (at == 0) return true;
  if (!inside(table + at, 4)) return false;
  const int64_t list = table + at + Load<uint32_t>(data + table + at);
  if (!inside(list, 4)) return false;
  const int64_t count = Load<uint32_t>(data + list);
  if (!inside(list + 4, count * kBlockSize)) return false;
  for (int64_t i = 0; i < count; i++) {
    const uint8_t* block = data + list + 4 + i * kBlockSize;
    out->push_back({Load<int64_t>(block), Load<int32_t>(block + 8), Load<int64_t>(block + 16)});
  }
  return true;
}

bool Earlier(const Block& left, const Block& right) { return left.offset < right.offset; }

bool SameBlocks(std::vector<Block> a, std::vector<Block> b) {
  std::sort(a.begin(), a.end(), Earlier);
  std::sort(b.begin(), b.end(), Earlier);
  return a == b;
}

}  // namespace

Result<std::vector<TableUnit>> WalkIpcFile(SourceFile* file, int64_t size) {
  uint8_t head[kHead] = {}, tail[kTail] = {};
  if (size >= kHead) ARROW_RETURN_NOT_OK(file->ReadAll(0, kHead, head));
  if (std::memcmp(head, kMagic, kMagicSize) != 0) {
    if (Load<uint32_t>(head) == 0xFFFFFFFF) return Hinted("this is an Arrow stream, not an Arrow file", "read it as a stream, by the adapter arrows");
    return size == 0 ? Status::Invalid("the file is empty: an Arrow file has its columns even without rows") : Status::Invalid("this is no Arrow file: it does not begin with ARROW1");
  }
  if (size >= kHead + kTail) ARROW_RETURN_NOT_OK(file->ReadAll(size - kTail, kTail, tail));
  if (std::memcmp(tail + 4, kMagic, kMagicSize) != 0)
    return Hinted("the file is cut short: it does not end with ARROW1", "get the file again from where it comes; its writer may have failed before the end");
  const int64_t length = Load<int32_t>(tail);
  if (length <= 0 || length > size - kHead - kTail) return Status::Invalid("the footer is damaged: it is said to be ", length, " bytes long");
  ARROW_ASSIGN_OR_RAISE(auto footer, file->ReadAt(size - kTail - length, length));
  ARROW_ASSIGN_OR_RAISE(Messages found, Walk(file, size - kTail - length));
  std::vector<Block> dictionaries, batches;
  if (!FooterBlocks(*footer, 2, &dictionaries) || !FooterBlocks(*footer, 3, &batches)) return Status::Invalid("the footer is damaged");
  if (!SameBlocks(dictionaries, found.dictionaries) || !SameBlocks(batches, found.batches))
    return Status::Invalid("the footer is damaged: its list of batches is not what the file has");
  std::vector<TableUnit> units;
  for (const Block& batch : batches) {
    auto at = std::lower_bound(found.batches.begin(), found.batches.end(), batch, Earlier) - found.batches.begin();
    units.push_back({static_cast<uint64_t>(found.rows[static_cast<size_t>(at)]), static_cast<uint64_t>(batch.metadata + batch.body)});
  }
  return units;
}

}  // namespace dcetl_arrow
