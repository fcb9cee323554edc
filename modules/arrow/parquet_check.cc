// parquet_check.cc - is this a Parquet file, and can what its footer says be true? The library trusts offsets and
// counts of rows that it could know to be wrong.
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>

#include <cstring>

#include "parquet.h"

namespace dcetl_arrow {

namespace {

constexpr int64_t kMagic = 4, kTail = 8;  // "PAR1"; the length of the footer and the magic again

Status Damaged(const std::string& what) { return Hinted("the footer is damaged: " + what, "get the file again from where it comes"); }

std::string ColumnName(const parquet::FileMetaData& metadata, int column) {
  return "column \"" + metadata.schema()->Column(column)->path()->ToDotString() + "\"";
}

Status CheckChunk(const parquet::FileMetaData& metadata, const parquet::RowGroupMetaData& group, int column, int64_t data_end) {
  auto chunk = group.ColumnChunk(column);
  const std::string name = ColumnName(metadata, column);
  if (!chunk->file_path().empty()) return Hinted(name + " is in another file, " + chunk->file_path(), "name the files with the data, not the one that lists them");
  int64_t start = chunk->data_page_offset(), size = chunk->total_compressed_size(), values = chunk->num_values();
  if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) start = std::min(start, chunk->dictionary_page_offset());
  if (values < 0 || chunk->total_uncompressed_size() < 0) return Damaged(name + " has a count below zero");
  if (size < 0 || start < (values > 0 ? kMagic : 0) || start > data_end || size > data_end - start)
    return Damaged(name + " is said to be at byte " + std::to_string(start) + ", " + std::to_string(size) + " bytes long, which is not inside of the file");
  const auto* descriptor = metadata.schema()->Column(column);
  if (descriptor->max_repetition_level() == 0 && values != group.num_rows())
    return Damaged(name + " has " + std::to_string(values) + " values, but its row group has " + std::to_string(group.num_rows()) + " rows");
  if (!chunk->can_decompress())
    return Status::Invalid(name, " is compressed with ", arrow::util::Codec::GetCodecAsString(chunk->compression()), ", which this build of Arrow C++ cannot read");
  return Status::OK();
}

// True if all of a column chunk's times are within a day less than nanoseconds since 1970 have room for.
bool Int96FitsNanoseconds(parquet::Int96Reader* column, const parquet::ColumnDescriptor& descriptor) {
  constexpr int64_t kEpoch = 2440588, kDays = 106750, kRows = 4096;  // the Julian day of 1970-01-01
  std::vector<int16_t> definitions(kRows), repetitions(kRows);
  std::vector<parquet::Int96> times(kRows);
  while (column->HasNext()) {
    int64_t count = 0;
    column->ReadBatch(kRows, descriptor.max_definition_level() > 0 ? definitions.data() : nullptr,
                      descriptor.max_repetition_level() > 0 ? repetitions.data() : nullptr, times.data(), &count);
    for (int64_t i = 0; i < count; i++) {
      int64_t day = static_cast<int64_t>(times[static_cast<size_t>(i)].value[2]) - kEpoch;
      if (day < -kDays || day > kDays) return false;
    }
  }
  return true;
}

}  // namespace

bool Int96FitsNanoseconds(parquet::ParquetFileReader* file) {
  auto metadata = file->metadata();
  for (int c = 0; c < metadata->num_columns(); c++) {
    const auto& descriptor = *metadata->schema()->Column(c);
    if (descriptor.physical_type() != parquet::Type::INT96) continue;
    for (int g = 0; g < metadata->num_row_groups(); g++) {
      auto column = file->RowGroup(g)->Column(c);
      if (!Int96FitsNanoseconds(static_cast<parquet::Int96Reader*>(column.get()), descriptor)) return false;
    }
  }
  return true;
}

Status CheckParquetFrame(SourceFile* file, int64_t size, int64_t* footer) {
  char head[kMagic] = {}, tail[kTail] = {};
  if (size > 0) ARROW_RETURN_NOT_OK(file->ReadAll(0, std::min(size, kMagic), head));
  if (std::memcmp(head, "PARE", kMagic) == 0) return Hinted("the file is encrypted", "decrypt it before; encrypted Parquet files are not read");
  if (std::memcmp(head, "PAR1", kMagic) != 0)
    return size == 0 ? Status::Invalid("the file is empty: a Parquet file has a footer even without rows") : Status::Invalid("this is no Parquet file: it does not begin with PAR1");
  if (size >= kMagic + kTail) ARROW_RETURN_NOT_OK(file->ReadAll(size - kTail, kTail, tail));
  if (std::memcmp(tail + 4, "PAR1", kMagic) != 0)
    return Hinted("the file is cut short: it does not end with PAR1", "get the file again from where it comes; its writer may have failed before the end");
  uint32_t length = 0;
  for (int i = 3; i >= 0; i--) length = length << 8 | static_cast<uint8_t>(tail[i]);
  if (length > size - kMagic - kTail) return Damaged("it is said to be " + std::to_string(length) + " bytes long, but the file has " + std::to_string(size));
  *footer = length;
  return Status::OK();
}

Status CheckParquetFooter(const parquet::FileMetaData& metadata, int64_t data_end) {
  if (metadata.is_encryption_algorithm_set()) return Hinted("the file is encrypted", "decrypt it before; encrypted Parquet files are not read");
  if (metadata.num_rows() < 0) return Damaged("the number of rows is below zero");
  const bool counted = metadata.num_rows() > 0;  // there are writers that leave it 0
  int64_t left = counted ? metadata.num_rows() : INT64_MAX;
  for (int i = 0; i < metadata.num_row_groups(); i++) {
    auto group = metadata.RowGroup(i);
    if (group->num_columns() != metadata.num_columns())
      return Damaged("row group " + std::to_string(i) + " has " + std::to_string(group->num_columns()) + " columns, the file " + std::to_string(metadata.num_columns()));
    if (group->num_rows() < 0 || group->num_rows() > left)
      return Damaged("row group " + std::to_string(i) + " has " + std::to_string(group->num_rows()) + " rows, which does not fit the file's " + std::to_string(metadata.num_rows()));
    left -= group->num_rows();
    for (int c = 0; c < group->num_columns(); c++) ARROW_RETURN_NOT_OK(CheckChunk(metadata, *group, c, data_end));
  }
  if (counted && left != 0) return Damaged("the row groups have " + std::to_string(left) + " rows fewer than the file");
  return Status::OK();
}

}  // namespace dcetl_arrow
