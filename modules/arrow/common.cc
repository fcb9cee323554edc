// common.cc - errors, bytes and options of the module dcetl-arrow.so.
#include "common.h"

#include <arrow/util/compression.h>
#include <arrow/util/future.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/exception.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dcetl_arrow {

namespace {

// The way out of a failure, carried by its Status.
class Hint final : public arrow::StatusDetail {
 public:
  explicit Hint(std::string text) : text_(std::move(text)) {}
  const char* type_id() const override { return "dcetl::hint"; }
  std::string ToString() const override { return text_; }

 private:
  const std::string text_;
};

Status StatusOf(const TableError& error) {
  return Hinted(error.text[0] ? error.text : "the bytes cannot be read or written", error.hint);
}

template <size_t kSize>
void Put(char (&out)[kSize], const std::string& text) {
  std::snprintf(out, kSize, "%s", text.c_str());
}

Status StoppedBy(const TableSource& source) {
  return source.stopped && source.stopped(source.self) ? Status::Cancelled("interrupted") : Status::OK();
}

}  // namespace

Status Hinted(std::string text, std::string hint) {
  if (hint.empty()) return Status::Invalid(std::move(text));
  return Status(arrow::StatusCode::Invalid, std::move(text), std::make_shared<Hint>(std::move(hint)));
}

void Report(const Status& status, TableError* error) {
  std::string text = status.message();
  // What went wrong is on the first line; addresses in the library's source may follow.
  if (size_t end = text.find('\n'); end != std::string::npos && end > 0) text.resize(end);
  Put(error->text, text.empty() ? "the library gives no reason" : text);
  const auto* hint = dynamic_cast<const Hint*>(status.detail().get());
  Put(error->hint, hint ? hint->ToString() : "");
}

Status StatusOfException() {
  try {
    throw;
  } catch (const parquet::ParquetStatusException& e) {
    return e.status();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("there is not enough memory, or a damaged length asks for too much");
  } catch (const std::exception& e) {
    return Status::Invalid(e.what());
  } catch (...) {
    return Status::Invalid("the library failed without a reason");
  }
}

int Guarded(TableError* error, const std::function<Status()>& body) noexcept {
  Status status;
  try {
    status = body();
  } catch (...) {
    status = StatusOfException();
  }
  if (status.ok()) return 0;
  Report(status, error);
  return -1;
}

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

// --- Input ---

Status SourceFile::Close() { return Status::OK(); }

Status SourceFile::Seek(int64_t position) {
  if (position < 0) return Status::Invalid("an offset before the beginning of the file: it is damaged");
  position_ = position;
  return Status::OK();
}

Result<int64_t> SourceFile::ReadAt(int64_t position, int64_t size, void* out) {
  ARROW_RETURN_NOT_OK(StoppedBy(source_));
  if (position < 0 || size < 0) return Status::Invalid("an offset or a size below zero: the file is damaged");
  uint64_t got = 0;
  TableError error = {};
  if (source_.read_at(source_.self, static_cast<uint64_t>(position), out, static_cast<uint64_t>(size), &got, &error) != 0) return StatusOf(error);
  return static_cast<int64_t>(got);
}

// A damaged length must not ask for more memory than there can be bytes.
Result<std::shared_ptr<arrow::Buffer>> SourceFile::ReadAt(int64_t position, int64_t size) {
  int64_t rest = std::max<int64_t>(static_cast<int64_t>(source_.size) - std::max<int64_t>(position, 0), 0);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(size, rest), Pool()));
  ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(position, std::min(size, rest), buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(got, false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Future<std::shared_ptr<arrow::Buffer>> SourceFile::ReadAsync(const arrow::io::IOContext&, int64_t position, int64_t size) {
  return arrow::Future<std::shared_ptr<arrow::Buffer>>::MakeFinished(ReadAt(position, size));
}

Status SourceFile::ReadAll(int64_t position, int64_t size, void* out) {
  ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(position, size, out));
  return got == size ? Status::OK() : Status::Invalid("the file ends at byte ", position + got, ", ", size - got, " bytes too early");
}

Result<int64_t> SourceFile::Read(int64_t size, void* out) {
  ARROW_ASSIGN_OR_RAISE(int64_t got, ReadAt(position_, size, out));
  position_ += got;
  return got;
}

Result<std::shared_ptr<arrow::Buffer>> SourceFile::Read(int64_t size) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
  position_ += buffer->size();
  return buffer;
}

Result<int64_t> SourceStream::Read(int64_t size, void* out) {
  ARROW_RETURN_NOT_OK(StoppedBy(source_));
  auto* to = static_cast<uint8_t*>(out);
  int64_t have = 0;
  if (ahead_ && size > 0) {
    to[have++] = *ahead_;
    ahead_.reset();
  }
  while (have < size) {
    uint64_t got = 0;
    TableError error = {};
    if (source_.read_next(source_.self, to + have, static_cast<uint64_t>(size - have), &got, &error) != 0) return StatusOf(error);
    if (got == 0) break;
    have += static_cast<int64_t>(got);
  }
  ran_out_ = ran_out_ || have < size;
  position_ += have;
  return have;
}

// Grows with what comes: a damaged length must not ask for more memory than there are bytes.
Result<std::shared_ptr<arrow::Buffer>> SourceStream::Read(int64_t size) {
  constexpr int64_t kStep = int64_t{64} << 20;
  if (size < 0) return Status::Invalid("a length below zero: the input is damaged");
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(size, kStep), Pool()));
  int64_t have = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(int64_t got, Read(buffer->size() - have, buffer->mutable_data() + have));
    have += got;
    if (have < buffer->size() || have == size) break;
    ARROW_RETURN_NOT_OK(buffer->Resize(std::min(size, have * 2)));
  }
  ARROW_RETURN_NOT_OK(buffer->Resize(have, false));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Result<bool> SourceStream::AtEnd() {
  if (ahead_) return false;
  uint8_t byte = 0;
  bool ran_out = ran_out_;
  ARROW_ASSIGN_OR_RAISE(int64_t got, Read(1, &byte));
  ran_out_ = ran_out;
  if (got == 0) return true;
  position_--;
  ahead_ = byte;
  return false;
}

// --- Output ---

Status Sink::Give(const void* data, size_t size) {
  TableError error = {};
  if (size == 0 || sink_.write(sink_.self, data, size, &error) == 0) return Status::OK();
  stopped_ = true;
  return StatusOf(error);
}

Status Sink::Write(const void* data, int64_t size) {
  if (stopped_) return Status::Invalid("the output has been given up");
  const auto bytes = static_cast<size_t>(size);
  if (waiting_.size() + bytes > together_) ARROW_RETURN_NOT_OK(Flush());
  if (bytes > together_) {
    ARROW_RETURN_NOT_OK(Give(data, bytes));
  } else if (bytes > 0) {
    waiting_.reserve(together_);
    waiting_.append(static_cast<const char*>(data), bytes);
  }
  position_ += size;
  return Status::OK();
}

Status Sink::Flush() {
  if (stopped_) return Status::Invalid("the output has been given up");
  Status status = Give(waiting_.data(), waiting_.size());
  waiting_.clear();
  return status;
}

// --- Options ---

const char* Options::Text(const char* name) const {
  for (uint32_t i = count_; i > 0; i--)
    if (std::strcmp(list_[i - 1].name, name) == 0) return list_[i - 1].value;
  return nullptr;
}

std::vector<std::string> Options::All(const char* name) const {
  std::vector<std::string> all;
  for (uint32_t i = 0; i < count_; i++)
    if (std::strcmp(list_[i].name, name) == 0) all.emplace_back(list_[i].value);
  return all;
}

Status Options::Number(const char* name, int64_t least, int64_t most, int64_t* out) const {
  const char* text = Text(name);
  if (!text) return Status::OK();
  char* end = nullptr;
  errno = 0;
  long long number = std::strtoll(text, &end, 10);
  if (end == text || *end || errno || number < least || number > most)
    return Hinted(std::string("@") + name + " is " + text, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  *out = number;
  return Status::OK();
}

Status Options::Truth(const char* name, bool* out) const {
  const char* text = Text(name);
  if (!text) return Status::OK();
  bool yes = strcasecmp(text, "true") == 0;
  if (!yes && strcasecmp(text, "false") != 0) return Hinted(std::string("@") + name + " is " + text, "it is TRUE or FALSE");
  *out = yes;
  return Status::OK();
}

Status Options::Codec(const std::vector<std::pair<const char*, arrow::Compression::type>>& codecs, arrow::Compression::type* codec,
                      std::optional<int>* level) const {
  using arrow::util::Codec;
  if (const char* text = Text("codec")) {
    std::string known;
    bool found = false;
    for (const auto& [name, type] : codecs) {
      known += (known.empty() ? "" : ", ") + std::string(name);
      if (strcasecmp(text, name) != 0) continue;
      *codec = type;
      found = true;
    }
    if (!found) return Hinted(std::string("there is no codec ") + text + " for this kind of file", "one of " + known);
  }
  if (!Codec::IsAvailable(*codec)) return Status::Invalid("the codec is not in this build of Arrow C++");
  if (!Text("level")) return Status::OK();
  const std::string name = Codec::GetCodecAsString(*codec);
  if (!Codec::SupportsCompressionLevel(*codec)) return Hinted("the codec " + name + " has no levels", "leave @level out, or choose another @codec");
  ARROW_ASSIGN_OR_RAISE(int least, Codec::MinimumCompressionLevel(*codec));
  ARROW_ASSIGN_OR_RAISE(int most, Codec::MaximumCompressionLevel(*codec));
  int64_t number = 0;
  ARROW_RETURN_NOT_OK(Number("level", std::max(least, -100), most, &number));
  *level = static_cast<int>(number);
  return Status::OK();
}

Result<std::shared_ptr<arrow::KeyValueMetadata>> Options::Metadata() const {
  auto pairs = std::make_shared<arrow::KeyValueMetadata>();
  for (const std::string& text : All("metadata")) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return Hinted("@metadata has " + text, "NAME=VALUE is expected");
    pairs->Append(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs->size() > 0 ? pairs : nullptr;
}

}  // namespace dcetl_arrow
