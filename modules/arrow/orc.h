// orc.h - ORC files, inside of the module dcetl-arrow.so. A build of Arrow C++ may be without ORC.
#ifndef ARROW_MODULE_ORC_H
#define ARROW_MODULE_ORC_H

#include <arrow/util/config.h>

#include "common.h"

#ifdef ARROW_ORC
#include <arrow/adapters/orc/adapter.h>

namespace dcetl_arrow {

// Stripes are the units. Each thread that reads has a reader of its own.
class OrcFile {
 public:
  static Result<std::unique_ptr<OrcFile>> Open(const TableSource& source, const Options& options);
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  uint32_t units() const { return static_cast<uint32_t>(stripes_.size()); }
  TableUnit Unit(uint32_t unit) const;
  Result<bool> Bounds(uint32_t, uint32_t, ArrowArray*, int64_t*) const { return false; }
  Status Read(uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out);

  using Reader = std::unique_ptr<arrow::adapters::orc::ORCFileReader>;
  Result<Reader> Take();
  void Give(Reader reader);

 private:
  explicit OrcFile(const TableSource& source) : source_(source) {}
  Status Start();

  const TableSource source_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<arrow::adapters::orc::StripeInformation> stripes_;
  std::mutex lock_;
  std::vector<Reader> idle_;
};

class OrcWriter {
 public:
  static Result<std::unique_ptr<OrcWriter>> Create(const TableSink& sink, const ArrowSchema* schema, const Options& options);
  ~OrcWriter();
  Status Write(ArrowArray* batch);
  Status Finish();
  uint64_t group_rows() const;

 private:
  explicit OrcWriter(const TableSink& sink) : sink_(std::make_shared<Sink>(sink)) {}

  const std::shared_ptr<Sink> sink_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::adapters::orc::ORCFileWriter> writer_;
  std::unique_ptr<Blocks> blocks_;
  bool wrote_ = false;
};

}  // namespace dcetl_arrow

#endif
#endif
