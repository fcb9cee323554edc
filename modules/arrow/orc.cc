// orc.cc - reading and writing ORC by the adapter in Arrow C++.
#include "orc.h"

#ifdef ARROW_ORC

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace dcetl_arrow {

namespace orc = arrow::adapters::orc;

namespace {

using Compression = arrow::Compression;

constexpr int64_t kBlockRows = 1 << 14;  // a multiple of the writer's own 1,024

const std::vector<std::pair<const char*, Compression::type>> kCodecs = {
    {"none", Compression::UNCOMPRESSED}, {"snappy", Compression::SNAPPY}, {"zlib", Compression::GZIP},
    {"gzip", Compression::GZIP},         {"zstd", Compression::ZSTD},     {"lz4", Compression::LZ4}};

// The library reads rules of time zones as soon as it meets a file.
Status CheckZones() {
  const char* folder = std::getenv("TZDIR");
  std::string path = folder && *folder ? folder : "/usr/share/zoneinfo";
  if (access((path + "/GMT").c_str(), R_OK) == 0) return Status::OK();
  return Hinted("ORC needs the time zone database, which is not in " + path, "install the package tzdata, or name its folder in the variable TZDIR");
}

// The library skips to a stripe by an index inside of it, and crashes where that is damaged; so short stripes, where this
// costs little memory, are read as a whole, which needs no index.
constexpr int64_t kWholeStripe = int64_t{16} << 20;

class StripeRows final : public Rows {
 public:
  StripeRows(std::shared_ptr<RecordBatch> batch, int64_t most) : pieces_(most) { pieces_.Set(std::move(batch)); }
  Result<std::shared_ptr<RecordBatch>> Next() override { return pieces_.empty() ? nullptr : pieces_.Next(); }

 private:
  Pieces pieces_;
};

class OrcRows final : public Rows {
 public:
  OrcRows(OrcFile* file, OrcFile::Reader reader, std::shared_ptr<arrow::RecordBatchReader> batches)
      : file_(file), reader_(std::move(reader)), batches_(std::move(batches)) {}
  ~OrcRows() override {
    batches_.reset();
    file_->Give(std::move(reader_));
  }
  Result<std::shared_ptr<RecordBatch>> Next() override { return batches_->Next(); }

 private:
  OrcFile* const file_;
  OrcFile::Reader reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

}  // namespace

Result<std::unique_ptr<OrcFile>> OrcFile::Open(const TableSource& source, const Options&) {
  std::unique_ptr<OrcFile> file(new OrcFile(source));
  ARROW_RETURN_NOT_OK(file->Start());
  return file;
}

Status OrcFile::Start() {
  char head[3] = {};
  SourceFile file(source_);
  if (source_.size >= sizeof head) ARROW_RETURN_NOT_OK(file.ReadAll(0, sizeof head, head));
  if (std::memcmp(head, "ORC", sizeof head) != 0)
    return source_.size == 0 ? Status::Invalid("the file is empty: an ORC file has a footer even without rows") : Status::Invalid("this is no ORC file: it does not begin with ORC");
  ARROW_RETURN_NOT_OK(CheckZones());
  ARROW_ASSIGN_OR_RAISE(auto reader, Take());
  ARROW_ASSIGN_OR_RAISE(schema_, reader->ReadSchema());
  int64_t rows = 0, end = 0;
  for (int64_t i = 0; i < reader->NumberOfStripes(); i++) {
    orc::StripeInformation stripe = reader->GetStripeInformation(i);
    const bool inside = stripe.offset >= end && stripe.length >= 0 && stripe.length <= static_cast<int64_t>(source_.size) - stripe.offset;
    if (!inside || stripe.num_rows < 0 || stripe.first_row_id != rows)
      return Status::Invalid("the footer is damaged: stripe ", i, " is said to be at byte ", stripe.offset, ", ", stripe.length, " bytes long, with ", stripe.num_rows, " rows");
    rows += stripe.num_rows;
    end = stripe.offset + stripe.length;
    stripes_.push_back(stripe);
  }
  if (rows != reader->NumberOfRows()) return Status::Invalid("the footer is damaged: its stripes have ", rows, " rows, the file ", reader->NumberOfRows());
  Give(std::move(reader));
  return Status::OK();
}

Result<OrcFile::Reader> OrcFile::Take() {
  {
    std::lock_guard<std::mutex> guard(lock_);
    if (!idle_.empty()) {
      Reader reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return orc::ORCFileReader::Open(std::make_shared<SourceFile>(source_), Pool());
}

void OrcFile::Give(Reader reader) {
  std::lock_guard<std::mutex> guard(lock_);
  idle_.push_back(std::move(reader));
}

TableUnit OrcFile::Unit(uint32_t unit) const {
  return {static_cast<uint64_t>(stripes_[unit].num_rows), static_cast<uint64_t>(stripes_[unit].length)};
}

Status OrcFile::Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out) {
  const int64_t expected = stripes_[unit].num_rows;
  const std::vector<int> numbers = Marked(*schema_, columns);
  auto schema = Chosen(*schema_, numbers);
  if (numbers.empty() || expected == 0) {
    ExportRows(std::make_unique<EmptyRows>(expected, max_rows), schema, expected, Check::kShape, out);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, Take());
  if (stripes_[unit].length <= kWholeStripe) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadStripe(unit, numbers));
    Give(std::move(reader));
    ExportRows(std::make_unique<StripeRows>(std::move(batch), max_rows), schema, expected, Check::kShape, out);
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(reader->Seek(stripes_[unit].first_row_id));
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->NextStripeReader(max_rows, numbers));
  ExportRows(std::make_unique<OrcRows>(this, std::move(reader), std::move(batches)), schema, expected, Check::kShape, out);
  return Status::OK();
}

Result<std::unique_ptr<OrcWriter>> OrcWriter::Create(const TableSink& sink, const ArrowSchema* schema, const Options& options) {
  std::unique_ptr<OrcWriter> writer(new OrcWriter(sink));
  ARROW_ASSIGN_OR_RAISE(writer->schema_, ImportLentSchema(schema));
  ARROW_RETURN_NOT_OK(CheckZones());
  orc::WriteOptions write;
  std::optional<int> level;
  write.compression = Compression::ZSTD;
  ARROW_RETURN_NOT_OK(options.Codec(kCodecs, &write.compression, &level));
  if (level) return Hinted("the writer of ORC has no @level", "choose another @codec");
  ARROW_RETURN_NOT_OK(options.Number("stripe_size", 1 << 10, int64_t{1} << 31, &write.stripe_size));
  ARROW_ASSIGN_OR_RAISE(writer->writer_, orc::ORCFileWriter::Open(writer->sink_.get(), write));
  auto* self = writer.get();
  writer->blocks_ = std::make_unique<Blocks>(kBlockRows, [self](const RecordBatch& batch) {
    self->wrote_ = true;
    return self->writer_->Write(batch);
  });
  return writer;
}

OrcWriter::~OrcWriter() {
  sink_->Stop();
  try {
    writer_.reset();
  } catch (...) {  // the library may try to write, which the sink refuses
  }
}

Status OrcWriter::Write(ArrowArray* batch) {
  ARROW_ASSIGN_OR_RAISE(auto rows, ImportBatch(batch, schema_));
  return blocks_->Add(rows);
}

Status OrcWriter::Finish() {
  ARROW_RETURN_NOT_OK(blocks_->Finish());
  if (!wrote_) {  // the library begins the file with its first batch
    ARROW_ASSIGN_OR_RAISE(auto none, RecordBatch::MakeEmpty(schema_, Pool()));
    ARROW_RETURN_NOT_OK(writer_->Write(*none));
  }
  return writer_->Close();
}

uint64_t OrcWriter::group_rows() const { return static_cast<uint64_t>(kBlockRows); }

}  // namespace dcetl_arrow

#endif
