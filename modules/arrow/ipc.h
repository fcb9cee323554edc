// ipc.h - Arrow's own files and streams, inside of the module dcetl-arrow.so.
#ifndef ARROW_MODULE_IPC_H
#define ARROW_MODULE_IPC_H

#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

#include "common.h"

namespace dcetl_arrow {

// A file of record batches, which are the units. Each thread that reads has a reader of its own.
class IpcFile {
 public:
  static Result<std::unique_ptr<IpcFile>> Open(const TableSource& source, const Options& options);
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  uint32_t units() const { return static_cast<uint32_t>(units_.size()); }
  TableUnit Unit(uint32_t unit) const { return units_[unit]; }
  Result<bool> Bounds(uint32_t, uint32_t, ArrowArray*, int64_t*) const { return false; }
  Status Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out);

  // A reader holds the dictionaries of the file, so it is kept for the next unit of which the same columns are read.
  struct Reader {
    std::vector<int> numbers;
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> file;
  };
  void Give(Reader reader);

 private:
  explicit IpcFile(const TableSource& source) : source_(source) {}
  Status Start();
  Result<Reader> Take(const std::vector<int>& numbers);

  const TableSource source_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<TableUnit> units_;
  std::mutex lock_;
  std::vector<Reader> idle_;
};

// A stream of record batches, also from a pipe: one unit, whose number of rows is known at its end.
class IpcStream {
 public:
  static Result<std::unique_ptr<IpcStream>> Open(const TableSource& source, const Options& options);
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  uint32_t units() const { return 1; }
  TableUnit Unit(uint32_t) const { return {UINT64_MAX, size_}; }
  Result<bool> Bounds(uint32_t, uint32_t, ArrowArray*, int64_t*) const { return false; }
  Status Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out);

 private:
  explicit IpcStream(const TableSource& source) : stream_(std::make_shared<SourceStream>(source)), size_(source.size) {}

  const std::shared_ptr<SourceStream> stream_;
  const uint64_t size_;
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

// ipc_walk.cc: the units of a file, found message by message from its beginning, and held against the footer. The
// format has no checksums, so this is how lost batches are noticed.
Result<std::vector<TableUnit>> WalkIpcFile(SourceFile* file, int64_t size);

class IpcWriter {
 public:
  ~IpcWriter();
  Status Write(ArrowArray* batch);
  Status Finish();
  uint64_t group_rows() const { return static_cast<uint64_t>(group_rows_); }

 protected:
  explicit IpcWriter(const TableSink& sink) : sink_(std::make_shared<Sink>(sink)) {}
  Status Start(const ArrowSchema* schema, const Options& options, bool file);

 private:
  const std::shared_ptr<Sink> sink_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  std::unique_ptr<Blocks> blocks_;
  int64_t group_rows_ = 0;
};

class IpcFileWriter final : public IpcWriter {
 public:
  explicit IpcFileWriter(const TableSink& sink) : IpcWriter(sink) {}
  static Result<std::unique_ptr<IpcFileWriter>> Create(const TableSink& sink, const ArrowSchema* schema, const Options& options);
};

class IpcStreamWriter final : public IpcWriter {
 public:
  explicit IpcStreamWriter(const TableSink& sink) : IpcWriter(sink) {}
  static Result<std::unique_ptr<IpcStreamWriter>> Create(const TableSink& sink, const ArrowSchema* schema, const Options& options);
};

}  // namespace dcetl_arrow

#endif
