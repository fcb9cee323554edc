// ipc.cc - reading and writing Arrow's own files and streams.
#include "ipc.h"

#include <arrow/util/key_value_metadata.h>

#include <cstring>

namespace dcetl_arrow {

namespace {

using Compression = arrow::Compression;
namespace ipc = arrow::ipc;

constexpr int64_t kBatchRows = 1 << 16;  // of a record batch, where @row_group is not given

const std::vector<std::pair<const char*, Compression::type>> kCodecs = {
    {"none", Compression::UNCOMPRESSED}, {"zstd", Compression::ZSTD}, {"lz4", Compression::LZ4_FRAME}};

ipc::IpcReadOptions ReadOptions() {
  auto options = ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = Pool();
  return options;
}

class FileRows final : public Rows {
 public:
  FileRows(IpcFile* file, IpcFile::Reader reader, int unit, int64_t most) : file_(file), reader_(std::move(reader)), unit_(unit), pieces_(most) {}

  Result<std::shared_ptr<RecordBatch>> Next() override {
    if (reader_.file) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader_.file->ReadRecordBatch(unit_));
      file_->Give(std::exchange(reader_, {}));
      if (batch->num_rows() == 0) return nullptr;
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      pieces_.Set(std::move(batch));
    }
    return pieces_.empty() ? nullptr : pieces_.Next();
  }

 private:
  IpcFile* const file_;
  IpcFile::Reader reader_;
  const int unit_;
  Pieces pieces_;
};

Status NotEnded() {
  return Hinted("the stream has no end: it is cut short, or its writer failed", "a stream ends with eight bytes, FF FF FF FF 00 00 00 00");
}

// Several streams one behind the other, as `cat` puts them, are one.
class StreamRows final : public Rows {
 public:
  StreamRows(std::shared_ptr<SourceStream> stream, std::shared_ptr<ipc::RecordBatchStreamReader> reader, std::vector<int> numbers, int64_t most)
      : stream_(std::move(stream)), reader_(std::move(reader)), numbers_(std::move(numbers)), pieces_(most) {}

  Result<std::shared_ptr<RecordBatch>> Next() override {
    while (pieces_.empty()) {
      std::shared_ptr<RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch));
      if (!batch) {
        ARROW_ASSIGN_OR_RAISE(bool more, NextStream());
        if (!more) return nullptr;
        continue;
      }
      if (batch->num_rows() == 0) continue;
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      ARROW_ASSIGN_OR_RAISE(batch, batch->SelectColumns(numbers_));
      pieces_.Set(std::move(batch));
    }
    return pieces_.Next();
  }

 private:
  Result<bool> NextStream() {
    if (stream_->ran_out()) return NotEnded();
    ARROW_ASSIGN_OR_RAISE(bool end, stream_->AtEnd());
    if (end) return false;
    ARROW_ASSIGN_OR_RAISE(auto next, ipc::RecordBatchStreamReader::Open(stream_, ReadOptions()));
    if (!next->schema()->Equals(*reader_->schema())) return Status::Invalid("another stream with other columns follows behind the end of the stream");
    reader_ = std::move(next);
    return true;
  }

  const std::shared_ptr<SourceStream> stream_;
  std::shared_ptr<ipc::RecordBatchStreamReader> reader_;
  const std::vector<int> numbers_;
  Pieces pieces_;
};

}  // namespace

Result<std::unique_ptr<IpcFile>> IpcFile::Open(const TableSource& source, const Options&) {
  std::unique_ptr<IpcFile> file(new IpcFile(source));
  ARROW_RETURN_NOT_OK(file->Start());
  return file;
}

Status IpcFile::Start() {
  auto file = std::make_shared<SourceFile>(source_);
  ARROW_ASSIGN_OR_RAISE(units_, WalkIpcFile(file.get(), static_cast<int64_t>(source_.size)));
  ARROW_ASSIGN_OR_RAISE(auto reader, ipc::RecordBatchFileReader::Open(file, ReadOptions()));
  if (static_cast<size_t>(reader->num_record_batches()) != units_.size()) return Status::Invalid("the footer is damaged: it has another number of record batches than the file");
  schema_ = PlainSchema(*reader->schema());
  return Status::OK();
}

Result<IpcFile::Reader> IpcFile::Take(const std::vector<int>& numbers) {
  {
    std::lock_guard<std::mutex> guard(lock_);
    for (auto& reader : idle_) {
      if (reader.numbers != numbers) continue;
      std::swap(reader, idle_.back());
      Reader taken = std::move(idle_.back());
      idle_.pop_back();
      return taken;
    }
  }
  auto options = ReadOptions();
  if (numbers.size() < static_cast<size_t>(schema_->num_fields())) options.included_fields = numbers;
  ARROW_ASSIGN_OR_RAISE(auto file, ipc::RecordBatchFileReader::Open(std::make_shared<SourceFile>(source_), options));
  return Reader{numbers, std::move(file)};
}

void IpcFile::Give(Reader reader) {
  std::lock_guard<std::mutex> guard(lock_);
  idle_.push_back(std::move(reader));
}

Status IpcFile::Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out) {
  const std::vector<int> numbers = Marked(*schema_, columns);
  auto schema = Chosen(*schema_, numbers);
  const int64_t expected = static_cast<int64_t>(units_[unit].rows);
  if (numbers.empty()) {
    ExportRows(std::make_unique<EmptyRows>(expected, max_rows), schema, expected, Check::kShape, out);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, Take(numbers));
  ExportRows(std::make_unique<FileRows>(this, std::move(reader), static_cast<int>(unit), max_rows), schema, expected, Check::kShape, out);
  return Status::OK();
}

Result<std::unique_ptr<IpcStream>> IpcStream::Open(const TableSource& source, const Options&) {
  std::unique_ptr<IpcStream> file(new IpcStream(source));
  ARROW_ASSIGN_OR_RAISE(bool end, file->stream_->AtEnd());
  if (end) return Status::Invalid("the input is empty: a stream has its columns even without rows");
  auto opened = ipc::RecordBatchStreamReader::Open(file->stream_, ReadOptions());
  if (!opened.ok()) return file->stream_->ran_out() ? NotEnded() : opened.status();
  file->reader_ = *opened;
  file->schema_ = PlainSchema(*file->reader_->schema());
  return file;
}

Status IpcStream::Read(uint32_t, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out) {
  if (!reader_) return Status::Invalid("a stream can be read once only");
  const std::vector<int> numbers = Marked(*schema_, columns);
  ExportRows(std::make_unique<StreamRows>(stream_, std::move(reader_), numbers, max_rows), Chosen(*schema_, numbers), -1, Check::kShape, out);
  return Status::OK();
}

Status IpcWriter::Start(const ArrowSchema* schema, const Options& options, bool file) {
  ARROW_ASSIGN_OR_RAISE(schema_, ImportLentSchema(schema));
  auto write = ipc::IpcWriteOptions::Defaults();
  write.use_threads = false;
  write.memory_pool = Pool();
  Compression::type codec = Compression::UNCOMPRESSED;
  std::optional<int> level;
  ARROW_RETURN_NOT_OK(options.Codec(kCodecs, &codec, &level));
  if (codec != Compression::UNCOMPRESSED) {
    ARROW_ASSIGN_OR_RAISE(write.codec, arrow::util::Codec::Create(codec, level.value_or(arrow::util::kUseDefaultCompressionLevel)));
  }
  group_rows_ = kBatchRows;
  ARROW_RETURN_NOT_OK(options.Number("row_group", 1, int64_t{1} << 30, &group_rows_));
  ARROW_ASSIGN_OR_RAISE(auto metadata, options.Metadata());
  if (metadata) schema_ = schema_->WithMetadata(schema_->metadata() ? schema_->metadata()->Merge(*metadata) : metadata);
  ARROW_ASSIGN_OR_RAISE(writer_, file ? ipc::MakeFileWriter(sink_, schema_, write) : ipc::MakeStreamWriter(sink_, schema_, write));
  auto* to = writer_.get();
  blocks_ = std::make_unique<Blocks>(group_rows_, [to](const RecordBatch& batch) { return to->WriteRecordBatch(batch); });
  return Status::OK();
}

IpcWriter::~IpcWriter() { sink_->Stop(); }

Status IpcWriter::Write(ArrowArray* batch) {
  ARROW_ASSIGN_OR_RAISE(auto rows, ImportBatch(batch, schema_));
  return blocks_->Add(rows);
}

Status IpcWriter::Finish() {
  ARROW_RETURN_NOT_OK(blocks_->Finish());
  return writer_->Close();
}

Result<std::unique_ptr<IpcFileWriter>> IpcFileWriter::Create(const TableSink& sink, const ArrowSchema* schema, const Options& options) {
  auto writer = std::make_unique<IpcFileWriter>(sink);
  ARROW_RETURN_NOT_OK(writer->Start(schema, options, true));
  return writer;
}

Result<std::unique_ptr<IpcStreamWriter>> IpcStreamWriter::Create(const TableSink& sink, const ArrowSchema* schema, const Options& options) {
  auto writer = std::make_unique<IpcStreamWriter>(sink);
  ARROW_RETURN_NOT_OK(writer->Start(schema, options, false));
  return writer;
}

}  // namespace dcetl_arrow
