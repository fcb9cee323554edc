// parquet_write.cc - writing Parquet. Rows are encoded and compressed as they come; what waits in memory is one row
// group in that form. Pages end at the same rows however the rows came.
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/schema.h>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstring>

#include "parquet_write.h"

namespace dcetl_arrow {

namespace {

using Compression = arrow::Compression;

constexpr int64_t kBlockRows = 1 << 14;             // encoded at once
constexpr int64_t kGroupRows = 122880;              // of a row group, where @row_group is not given
constexpr int64_t kSinkBytes = 64 << 10;             // given out at once: pages of many columns are short
constexpr int64_t kGroupBytes = int64_t{128} << 20;  // a row group ends when it has so many, counted before encoding

const std::vector<std::pair<const char*, Compression::type>> kCodecs = {
    {"none", Compression::UNCOMPRESSED}, {"uncompressed", Compression::UNCOMPRESSED}, {"snappy", Compression::SNAPPY}, {"gzip", Compression::GZIP},
    {"zstd", Compression::ZSTD},         {"lz4", Compression::LZ4},                   {"brotli", Compression::BROTLI}};

// Bytes of the values in rows of a batch; the same however the batch was cut out of others.
int64_t ValueBytes(const arrow::ArrayData& data, int64_t offset, int64_t rows) {
  const arrow::DataType& type = *data.type;
  auto between = [&](auto zero) {
    const auto* offsets = data.GetValues<decltype(zero)>(1, data.offset + offset);
    return rows > 0 && offsets ? std::pair<int64_t, int64_t>(offsets[0], offsets[rows]) : std::pair<int64_t, int64_t>(0, 0);
  };
  std::pair<int64_t, int64_t> range(0, 0);
  if (arrow::is_binary_like(type.id()) || type.id() == arrow::Type::LIST || type.id() == arrow::Type::MAP) range = between(int32_t{0});
  if (arrow::is_large_binary_like(type.id()) || type.id() == arrow::Type::LARGE_LIST) range = between(int64_t{0});
  if (arrow::is_base_binary_like(type.id())) return range.second - range.first + rows * 4;
  if (arrow::is_list(type.id())) return rows * 4 + ValueBytes(*data.child_data[0], range.first, range.second - range.first);
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    int64_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
    return ValueBytes(*data.child_data[0], (data.offset + offset) * size, rows * size);
  }
  if (type.id() == arrow::Type::STRUCT) {
    int64_t bytes = 0;
    for (const auto& child : data.child_data) bytes += ValueBytes(*child, data.offset + offset, rows);
    return bytes;
  }
  return rows * std::max(type.bit_width(), 8) / 8;
}

// A hash of a value's bytes, good enough to count different ones.
inline uint64_t Mixed(const char* bytes, size_t size) {
  constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;
  uint64_t hash = size, word = 0;
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      std::memcpy(&word, bytes + at, 8);
      hash = (hash ^ word) * kFactor;
      hash ^= hash >> 29;
    }
    std::memcpy(&word, bytes + size - 8, 8);
  } else if (size >= 4) {
    uint32_t low = 0, high = 0;
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + size - 4, 4);
    word = uint64_t{high} << 32 | low;
  } else {
    for (size_t at = 0; at < size; at++) word = word << 8 | static_cast<unsigned char>(bytes[at]);
  }
  hash = (hash ^ word) * kFactor;
  return hash ^ hash >> 32;
}

// True if nearly all values of the first rows differ, so that a dictionary would cost time and no column would be smaller by
// it. They are counted by a table of bits (linear counting: Whang, Vander-Zanden, Taylor 1990). all: these are all rows.
bool ManyValues(const arrow::Array& column, bool all) {
  constexpr size_t kBits = size_t{1} << 15;
  constexpr int64_t kRows = 4096, kLeast = 256, kEnough = 512;
  const int64_t rows = std::min(column.length(), kRows);
  const auto& type = *column.type();
  const bool fixed = arrow::is_primitive(type.id()) || arrow::is_fixed_size_binary(type.id());
  const int width = fixed ? type.bit_width() / 8 : 0;
  const bool texts = type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
  if (rows < kLeast || (!texts && width == 0)) return false;
  const arrow::ArrayData& data = *column.data();
  const auto* offsets = texts ? data.GetValues<int32_t>(1) : nullptr;
  const auto* bytes = texts ? static_cast<const arrow::BinaryArray&>(column).raw_data() : data.buffers[1]->data() + data.offset * width;
  const bool nulls = column.null_count() > 0;
  std::bitset<kBits> seen;
  int64_t count = 0, ones = 0, size = 0;
  for (int64_t i = 0; i < rows; i++) {
    if (i == kEnough && ones < count / 2) return false;
    if (nulls && column.IsNull(i)) continue;
    const int64_t at = texts ? offsets[i] : i * width, len = texts ? offsets[i + 1] - offsets[i] : width;
    auto bit = seen[Mixed(reinterpret_cast<const char*>(bytes) + at, static_cast<size_t>(len)) % kBits];
    ones += !bit;
    bit = true;
    size += len + (texts ? 4 : 0);
    count++;
  }
  const double different = -static_cast<double>(kBits) * std::log1p(-static_cast<double>(ones) / kBits), share = different / static_cast<double>(count);
  if (count < kLeast) return false;
  const double indices = all && rows == column.length() ? static_cast<double>(count) * std::ceil(std::log2(different + 1)) / 8 : 0;
  return share + indices / static_cast<double>(size) > 0.9;
}

// The columns by name whose values are to be held by a dictionary, as the leaves that the library knows.
Status SetDictionary(const Options& options, const arrow::Schema& schema, const parquet::SchemaDescriptor& leaves, parquet::WriterProperties::Builder* builder,
                     bool* choose) {
  const std::vector<std::string> names = options.All("dictionary");
  if (names.empty()) return Status::OK();
  *choose = false;
  bool yes = true;
  if (names.size() == 1 && options.Truth("dictionary", &yes).ok()) {
    yes ? builder->enable_dictionary() : builder->disable_dictionary();
    return Status::OK();
  }
  builder->disable_dictionary();
  for (const std::string& name : names) {
    if (schema.GetAllFieldIndices(name).empty()) return Hinted("@dictionary names " + name + ", which is no column", "TRUE, FALSE or names of columns");
    for (int i = 0; i < leaves.num_columns(); i++)
      if (leaves.GetColumnRoot(i)->name() == name) builder->enable_dictionary(leaves.Column(i)->path());
  }
  return Status::OK();
}

Status SetCodec(const Options& options, parquet::WriterProperties::Builder* builder) {
  Compression::type codec = Compression::ZSTD;
  std::optional<int> level;
  ARROW_RETURN_NOT_OK(options.Codec(kCodecs, &codec, &level));
  builder->compression(codec);
  if (level) builder->compression_level(*level);
  else if (codec == Compression::ZSTD) builder->compression_level(1);
  return Status::OK();
}

Status SetPages(const Options& options, parquet::WriterProperties::Builder* builder) {
  int64_t page_size = 1 << 20, version = 1;
  bool statistics = true, page_index = false, checksum = true;
  ARROW_RETURN_NOT_OK(options.Number("page_size", 1 << 10, 1 << 30, &page_size));
  ARROW_RETURN_NOT_OK(options.Number("data_page_version", 1, 2, &version));
  ARROW_RETURN_NOT_OK(options.Truth("statistics", &statistics));
  ARROW_RETURN_NOT_OK(options.Truth("page_index", &page_index));
  ARROW_RETURN_NOT_OK(options.Truth("checksum", &checksum));
  builder->data_pagesize(page_size)->dictionary_pagesize_limit(page_size);
  builder->data_page_version(version == 2 ? parquet::ParquetDataPageVersion::V2 : parquet::ParquetDataPageVersion::V1);
  statistics ? builder->enable_statistics() : builder->disable_statistics();
  page_index ? builder->enable_write_page_index() : builder->disable_write_page_index();
  checksum ? builder->enable_page_checksum() : builder->disable_page_checksum();
  return Status::OK();
}

}  // namespace

ParquetWriter::ParquetWriter(const TableSink& sink) : sink_(std::make_shared<Sink>(sink, kSinkBytes)) {}

ParquetWriter::~ParquetWriter() {
  sink_->Stop();
  try {
    writer_.reset();
  } catch (...) {  // the library tries to write the footer, which the sink refuses
  }
}

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Create(const TableSink& sink, const ArrowSchema* schema, const Options& options) {
  std::unique_ptr<ParquetWriter> writer(new ParquetWriter(sink));
  ARROW_ASSIGN_OR_RAISE(writer->schema_, ImportLentSchema(schema));
  ARROW_RETURN_NOT_OK(writer->Check(options));
  auto* self = writer.get();
  writer->blocks_ = std::make_unique<Blocks>(std::min(kBlockRows, writer->group_rows_), [self](const RecordBatch& batch) { return self->Encode(batch); });
  return writer;
}

Status ParquetWriter::Check(const Options& options) {
  group_rows_ = kGroupRows;
  ARROW_RETURN_NOT_OK(options.Number("row_group", 1, int64_t{1} << 30, &group_rows_));
  properties_.memory_pool(Pool())->max_row_group_length(group_rows_);
  properties_.created_by("dcetl (build parquet-cpp-arrow " ARROW_VERSION_STRING ")");
  std::shared_ptr<parquet::SchemaDescriptor> leaves;  // also tells which types there are not
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(schema_.get(), *parquet::default_writer_properties(), *parquet::default_arrow_writer_properties(), &leaves));
  ARROW_RETURN_NOT_OK(SetCodec(options, &properties_));
  ARROW_RETURN_NOT_OK(SetPages(options, &properties_));
  ARROW_RETURN_NOT_OK(SetDictionary(options, *schema_, *leaves, &properties_, &choose_dictionary_));
  ARROW_ASSIGN_OR_RAISE(metadata_, options.Metadata());
  return Status::OK();
}

Status ParquetWriter::Start(const RecordBatch* first) {
  for (int i = 0; first && choose_dictionary_ && i < first->num_columns(); i++)
    if (ManyValues(*first->column(i), first->num_rows() < blocks_->rows())) properties_.disable_dictionary(std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{schema_->field(i)->name()}));
  auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ARROW_ASSIGN_OR_RAISE(writer_, parquet::arrow::FileWriter::Open(*schema_, Pool(), sink_, properties_.build(), properties));
  return metadata_ ? writer_->AddKeyValueMetadata(metadata_) : Status::OK();
}

Status ParquetWriter::Write(ArrowArray* batch) {
  ARROW_ASSIGN_OR_RAISE(auto rows, ImportBatch(batch, schema_));
  return blocks_->Add(rows);
}

// The library begins a new row group after so many rows; here one begins, too, when the rows are long.
Status ParquetWriter::Encode(const RecordBatch& batch) {
  if (!writer_) ARROW_RETURN_NOT_OK(Start(&batch));
  if (in_group_bytes_ >= kGroupBytes) {
    ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
    in_group_bytes_ = 0;
    in_group_rows_ = 0;
  }
  for (const auto& column : batch.column_data()) in_group_bytes_ += ValueBytes(*column, 0, batch.num_rows());
  in_group_rows_ += batch.num_rows();
  if (in_group_rows_ >= group_rows_) {
    in_group_rows_ %= group_rows_;
    in_group_bytes_ = in_group_bytes_ * in_group_rows_ / std::max<int64_t>(batch.num_rows(), 1);
  }
  return writer_->WriteRecordBatch(batch);
}

Status ParquetWriter::Finish() {
  ARROW_RETURN_NOT_OK(blocks_->Finish());
  if (!writer_) ARROW_RETURN_NOT_OK(Start(nullptr));
  ARROW_RETURN_NOT_OK(writer_->Close());
  return sink_->Flush();
}

}  // namespace dcetl_arrow
