// common.h - what the kinds of files in the module dcetl-arrow.so share: bytes in and out, errors and options of the
// interface value/table_module.h, and batches on their way. Inside, a failure is an arrow::Status or an exception of the
// library; Guarded turns both into a TableError.
#ifndef ARROW_MODULE_COMMON_H
#define ARROW_MODULE_COMMON_H

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>

#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

extern "C" {
#include "value/table_module.h"
}

namespace dcetl_arrow {

using arrow::RecordBatch;
using arrow::Result;
using arrow::Status;

// A failure with a way out, which Guarded gives as the hint.
Status Hinted(std::string text, std::string hint);

// Runs body, which gives a Status; whatever goes wrong, also by an exception, is put into *error. 0, or -1.
int Guarded(TableError* error, const std::function<Status()>& body) noexcept;

// What a Status or the exception in flight says, without its code.
void Report(const Status& status, TableError* error);
Status StatusOfException();  // call it in a catch block only

// The input as Arrow reads files. Reads at an offset may come from any thread.
class SourceFile final : public arrow::io::RandomAccessFile {
 public:
  explicit SourceFile(const TableSource& source) : source_(source) {}
  using RandomAccessFile::ReadAsync;
  using RandomAccessFile::ReadAt;
  Status Close() override;
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override;
  Result<int64_t> Read(int64_t size, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override;
  Result<int64_t> GetSize() override { return static_cast<int64_t>(source_.size); }
  Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override;
  // At once: no threads of the library are started.
  arrow::Future<std::shared_ptr<arrow::Buffer>> ReadAsync(const arrow::io::IOContext& context, int64_t position, int64_t size) override;
  // Exactly so many bytes.
  Status ReadAll(int64_t position, int64_t size, void* out);

 private:
  const TableSource source_;
  int64_t position_ = 0;
};

// The input from its beginning to its end, also of a pipe.
class SourceStream final : public arrow::io::InputStream {
 public:
  explicit SourceStream(const TableSource& source) : source_(source) {}
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return position_; }
  Result<int64_t> Read(int64_t size, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override;
  Result<bool> AtEnd();                           // looks one byte ahead
  bool ran_out() const { return ran_out_; }       // a read got less than it wanted
  int64_t position() const { return position_; }  // bytes given out

 private:
  const TableSource source_;
  int64_t position_ = 0;
  std::optional<uint8_t> ahead_;
  bool ran_out_ = false;
};

// The output, short writes put together up to so many bytes. After Stop nothing more is written: Arrow's writers write their
// footer even when they are destroyed; without Flush what waits is lost.
class Sink final : public arrow::io::OutputStream {
 public:
  explicit Sink(const TableSink& sink, size_t together = 0) : sink_(sink), together_(together) {}
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return position_; }
  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override;
  Status Flush() override;
  void Stop() { stopped_ = true; }

 private:
  Status Give(const void* data, size_t size);
  const TableSink sink_;
  const size_t together_;
  std::string waiting_;
  int64_t position_ = 0;
  bool stopped_ = false;
};

// The parameters of the adapter; of several values of one name the last one counts.
class Options {
 public:
  Options(const TableOption* list, uint32_t count) : list_(list), count_(count) {}
  const char* Text(const char* name) const;  // nullptr: not given
  std::vector<std::string> All(const char* name) const;
  // These leave *out as it is if there is no such option.
  Status Number(const char* name, int64_t least, int64_t most, int64_t* out) const;
  Status Truth(const char* name, bool* out) const;
  // The codec among those of this kind of files, with its level if one is given.
  Status Codec(const std::vector<std::pair<const char*, arrow::Compression::type>>& codecs, arrow::Compression::type* codec,
               std::optional<int>* level) const;
  // "metadata": NAME=VALUE texts; nullptr if there are none.
  Result<std::shared_ptr<arrow::KeyValueMetadata>> Metadata() const;

 private:
  const TableOption* list_;
  uint32_t count_;
};

// The rows of a unit, batch by batch.
class Rows {
 public:
  virtual ~Rows() = default;
  // The next batch, nullptr at the end.
  virtual Result<std::shared_ptr<RecordBatch>> Next() = 0;
};

enum class Check { kShape, kAll };  // of batches: buffers and lengths; also offsets, indices and UTF-8

// Gives rows to the program: dictionaries are decoded, batches are checked, and their number of rows must be expected
// (-1: not known). schema is what was read (with dictionaries).
void ExportRows(std::unique_ptr<Rows> rows, std::shared_ptr<arrow::Schema> schema, int64_t expected, Check check, ArrowArrayStream* out);

// The type without dictionaries, and values of it.
std::shared_ptr<arrow::Schema> PlainSchema(const arrow::Schema& schema);
Result<std::shared_ptr<RecordBatch>> PlainBatch(std::shared_ptr<RecordBatch> batch);

// Only the marked ones of the fields (nullptr: all), and their numbers.
std::vector<int> Marked(const arrow::Schema& schema, const uint8_t* columns);
std::shared_ptr<arrow::Schema> Chosen(const arrow::Schema& schema, const std::vector<int>& numbers);

// Batches without columns: only their number of rows counts.
class EmptyRows final : public Rows {
 public:
  EmptyRows(int64_t rows, int64_t most) : left_(rows), most_(most) {}
  Result<std::shared_ptr<RecordBatch>> Next() override;

 private:
  int64_t left_, most_;
};

// Long batches are given piece by piece.
class Pieces {
 public:
  explicit Pieces(int64_t most) : most_(most) {}
  bool empty() const { return !batch_; }
  void Set(std::shared_ptr<RecordBatch> batch);
  std::shared_ptr<RecordBatch> Next();  // not if it is empty

 private:
  const int64_t most_;
  std::shared_ptr<RecordBatch> batch_;
  int64_t at_ = 0;
};

// Batches of any sizes come in, batches of exactly so many rows go out (the last one: what is left), so that what is
// written does not depend on how the rows came.
class Blocks {
 public:
  using Take = std::function<Status(const RecordBatch&)>;
  Blocks(int64_t rows, Take take) : rows_(rows), take_(std::move(take)) {}
  Status Add(const std::shared_ptr<RecordBatch>& batch);
  Status Finish();
  int64_t rows() const { return rows_; }

 private:
  Status Flush();
  const int64_t rows_;
  const Take take_;
  int64_t waiting_ = 0;
  arrow::RecordBatchVector parts_;
};

// A batch of the program as Arrow's, checked against the schema. Takes the array over, also on failure.
Result<std::shared_ptr<RecordBatch>> ImportBatch(ArrowArray* array, const std::shared_ptr<arrow::Schema>& schema);
// The schema is lent, so its copy is taken.
Result<std::shared_ptr<arrow::Schema>> ImportLentSchema(const ArrowSchema* schema);

arrow::MemoryPool* Pool();

}  // namespace dcetl_arrow

#endif
