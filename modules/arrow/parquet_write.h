// parquet_write.h - a Parquet file that is being written, inside of the module dcetl-arrow.so.
#ifndef ARROW_PARQUET_WRITE_H
#define ARROW_PARQUET_WRITE_H

#include <parquet/arrow/writer.h>

#include "common.h"

namespace dcetl_arrow {

class ParquetWriter {
 public:
  static Result<std::unique_ptr<ParquetWriter>> Create(const TableSink& sink, const ArrowSchema* schema, const Options& options);
  ~ParquetWriter();  // without Finish nothing more is written
  Status Write(ArrowArray* batch);
  Status Finish();
  uint64_t group_rows() const { return static_cast<uint64_t>(group_rows_); }

 private:
  explicit ParquetWriter(const TableSink& sink);
  Status Check(const Options& options);
  Status Start(const RecordBatch* first);  // opens the file when the first rows are known, or none
  Status Encode(const RecordBatch& batch);

  const std::shared_ptr<Sink> sink_;
  std::shared_ptr<arrow::Schema> schema_;
  parquet::WriterProperties::Builder properties_;
  bool choose_dictionary_ = true;  // by the first rows
  std::shared_ptr<arrow::KeyValueMetadata> metadata_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::unique_ptr<Blocks> blocks_;
  int64_t group_rows_ = 0;
  int64_t in_group_rows_ = 0, in_group_bytes_ = 0;  // of the row group that is open
};

}  // namespace dcetl_arrow

#endif
