// parquet.h - a Parquet file that is open for reading, inside of the module dcetl-arrow.so.
#ifndef ARROW_MODULE_PARQUET_H
#define ARROW_MODULE_PARQUET_H

#include <parquet/arrow/reader.h>
#include <parquet/metadata.h>

#include "common.h"

namespace dcetl_arrow {

// The footer is read once; each thread that reads takes a reader of its own over it. Thread-safe after Open.
class ParquetFile {
 public:
  static Result<std::unique_ptr<ParquetFile>> Open(const TableSource& source, const Options& options);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  uint32_t units() const { return static_cast<uint32_t>(metadata_->num_row_groups()); }
  TableUnit Unit(uint32_t unit) const;
  Status Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out);
  // See TableModule.bounds.
  Result<bool> Bounds(uint32_t unit, uint32_t column, ArrowArray* bounds, int64_t* nulls) const;

  using Reader = std::unique_ptr<parquet::arrow::FileReader>;
  Result<Reader> Take();      // an idle reader, or a new one
  void Give(Reader reader);   // to those that are idle

 private:
  explicit ParquetFile(const TableSource& source) : source_(std::make_shared<SourceFile>(source)), slow_(source.slow) {}
  bool FetchesAhead() const;
  Status Start(int64_t size, bool only_nanoseconds);
  Result<Reader> NewReader() const;
  std::vector<int> LeavesOf(const std::vector<int>& numbers) const;
  int64_t BatchRows(uint32_t unit, const std::vector<int>& leaves, uint32_t max_rows) const;

  const std::shared_ptr<SourceFile> source_;
  const bool slow_;  // each read is a request to a server
  arrow::TimeUnit::type int96_ = arrow::TimeUnit::NANO;  // of times of 96 bits
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::vector<int>> leaves_;  // of each column
  std::mutex lock_;
  std::vector<Reader> idle_;
};

// parquet_check.cc: the head and the end of the file, before the library looks at them; and what the footer says,
// held against the file and against itself.
Status CheckParquetFrame(SourceFile* file, int64_t size, int64_t* footer);
Status CheckParquetFooter(const parquet::FileMetaData& metadata, int64_t data_end);
// Times of 96 bits, an old type, have room for all years, but nanoseconds since 1970 in 64 bits for 1678 to 2261 only, and the
// library does not look. So the columns with such times are read for this.
bool Int96FitsNanoseconds(parquet::ParquetFileReader* file);

}  // namespace dcetl_arrow

#endif
