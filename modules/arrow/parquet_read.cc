// parquet_read.cc - reading Parquet: row groups are the units; pages are read as they are needed, so that memory
// does not grow with the row group.
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include "parquet.h"

namespace dcetl_arrow {

namespace {

constexpr int64_t kReadStep = int64_t{1} << 20;   // bytes of a column chunk that are read at once
constexpr int64_t kReadTotal = int64_t{32} << 20;  // of all columns together
constexpr int64_t kBatchBytes = int64_t{16} << 20;
constexpr int64_t kSlowStep = int64_t{8} << 20;   // the same from a server
constexpr int64_t kMostAhead = int64_t{64} << 20;  // of a row group, whose column chunks are fetched from a server by few large reads

void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) AddLeaves(child, leaves);
}

class ParquetRows final : public Rows {
 public:
  ParquetRows(ParquetFile* file, ParquetFile::Reader reader) : file_(file), reader_(std::move(reader)) {}
  ~ParquetRows() override {
    batches_.reset();
    file_->Give(std::move(reader_));
  }

  Status Start(int unit, const std::vector<int>& leaves, int64_t rows) {
    reader_->set_batch_size(rows);
    ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader({unit}, leaves));
    return Status::OK();
  }

  Result<std::shared_ptr<RecordBatch>> Next() override {
    std::shared_ptr<RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
    return batch;
  }

 private:
  ParquetFile* const file_;
  ParquetFile::Reader reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
};

parquet::ReaderProperties FileProperties(int columns, bool slow) {
  parquet::ReaderProperties properties(Pool());
  properties.enable_buffered_stream();
  properties.set_buffer_size(std::max<int64_t>(std::min(slow ? kSlowStep : kReadStep, kReadTotal / std::max(columns, 1)), 16 << 10));
  properties.set_page_checksum_verification(true);
  return properties;
}

}  // namespace

Result<std::unique_ptr<ParquetFile>> ParquetFile::Open(const TableSource& source, const Options& options) {
  std::unique_ptr<ParquetFile> file(new ParquetFile(source));
  const char* int96 = options.Text("int96");
  const bool us = int96 && strcasecmp(int96, "us") == 0, ns = int96 && strcasecmp(int96, "ns") == 0;
  if (int96 && !us && !ns) return Hinted(std::string("@int96 is ") + int96, "it is ns or us; without it the file decides");
  if (us) file->int96_ = arrow::TimeUnit::MICRO;
  ARROW_RETURN_NOT_OK(file->Start(static_cast<int64_t>(source.size), ns));
  return file;
}

Status ParquetFile::Start(int64_t size, bool only_nanoseconds) {
  int64_t footer = 0;
  ARROW_RETURN_NOT_OK(CheckParquetFrame(source_.get(), size, &footer));
  auto file = parquet::ParquetFileReader::Open(source_, FileProperties(1, false));
  metadata_ = file->metadata();
  ARROW_RETURN_NOT_OK(CheckParquetFooter(*metadata_, size - 8 - footer));
  if (int96_ == arrow::TimeUnit::NANO && !Int96FitsNanoseconds(file.get())) {
    if (only_nanoseconds) return Hinted("a time of 96 bits is not between the years 1678 and 2261, so it does not fit into nanoseconds", "leave @int96 out, or make it us");
    int96_ = arrow::TimeUnit::MICRO;
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, NewReader());
  ARROW_RETURN_NOT_OK(reader->GetSchema(&schema_));
  schema_ = PlainSchema(*schema_);
  for (const auto& field : reader->manifest().schema_fields) AddLeaves(field, &leaves_.emplace_back());
  if (leaves_.size() != static_cast<size_t>(schema_->num_fields())) return Status::Invalid("the columns of the footer contradict themselves: the file is damaged");
  Give(std::move(reader));
  return Status::OK();
}

// Are row groups of a remote file small enough to be fetched as a whole, as far as their columns are wanted?
bool ParquetFile::FetchesAhead() const {
  if (!slow_) return false;
  for (uint32_t i = 0; i < static_cast<uint32_t>(metadata_->num_row_groups()); i++)
    if (Unit(i).bytes > static_cast<uint64_t>(kMostAhead)) return false;
  return true;
}

Result<ParquetFile::Reader> ParquetFile::NewReader() const {
  parquet::ArrowReaderProperties properties(false);
  properties.set_pre_buffer(FetchesAhead());
  auto ranges = arrow::io::CacheOptions::Defaults();
  ranges.hole_size_limit = int64_t{128} << 10;
  ranges.range_size_limit = int64_t{16} << 20;
  properties.set_cache_options(ranges);
  properties.set_coerce_int96_timestamp_unit(int96_);
  auto file = parquet::ParquetFileReader::Open(source_, FileProperties(metadata_->num_columns(), slow_), metadata_);
  return parquet::arrow::FileReader::Make(Pool(), std::move(file), properties);
}

Result<ParquetFile::Reader> ParquetFile::Take() {
  {
    std::lock_guard<std::mutex> guard(lock_);
    if (!idle_.empty()) {
      Reader reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return NewReader();
}

void ParquetFile::Give(Reader reader) {
  std::lock_guard<std::mutex> guard(lock_);
  idle_.push_back(std::move(reader));
}

TableUnit ParquetFile::Unit(uint32_t unit) const {
  auto group = metadata_->RowGroup(static_cast<int>(unit));
  uint64_t bytes = 0;
  for (int c = 0; c < group->num_columns(); c++) bytes += static_cast<uint64_t>(group->ColumnChunk(c)->total_compressed_size());
  return {static_cast<uint64_t>(group->num_rows()), bytes};
}

std::vector<int> ParquetFile::LeavesOf(const std::vector<int>& numbers) const {
  std::vector<int> leaves;
  for (int number : numbers) leaves.insert(leaves.end(), leaves_[static_cast<size_t>(number)].begin(), leaves_[static_cast<size_t>(number)].end());
  return leaves;
}

// As many rows as make a batch of some megabytes, so that long texts do not fill the memory.
int64_t ParquetFile::BatchRows(uint32_t unit, const std::vector<int>& leaves, uint32_t max_rows) const {
  auto group = metadata_->RowGroup(static_cast<int>(unit));
  int64_t bytes = 0, rows = std::max<int64_t>(group->num_rows(), 1);
  for (int leaf : leaves) {
    auto chunk = group->ColumnChunk(leaf);
    auto sizes = chunk->size_statistics();
    int64_t plain = sizes && sizes->unencoded_byte_array_data_bytes ? *sizes->unencoded_byte_array_data_bytes : 0;
    bytes += std::max(chunk->total_uncompressed_size(), plain);
  }
  int64_t fitting = bytes > 0 ? static_cast<int64_t>(static_cast<double>(kBatchBytes) / (static_cast<double>(bytes) / static_cast<double>(rows))) : max_rows;
  return std::max<int64_t>(std::min<int64_t>(fitting, max_rows), 1);
}

Status ParquetFile::Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out) {
  const int64_t expected = metadata_->RowGroup(static_cast<int>(unit))->num_rows();
  const std::vector<int> numbers = Marked(*schema_, columns);
  auto schema = Chosen(*schema_, numbers);
  if (numbers.empty()) {
    ExportRows(std::make_unique<EmptyRows>(expected, max_rows), schema, expected, Check::kShape, out);
    return Status::OK();
  }
  const std::vector<int> leaves = LeavesOf(numbers);
  const int64_t rows = BatchRows(unit, leaves, max_rows);
  ARROW_ASSIGN_OR_RAISE(auto reader, Take());
  auto batches = std::make_unique<ParquetRows>(this, std::move(reader));
  ARROW_RETURN_NOT_OK(batches->Start(static_cast<int>(unit), leaves, rows));
  ExportRows(std::move(batches), schema, expected, Check::kShape, out);
  return Status::OK();
}

}  // namespace dcetl_arrow
