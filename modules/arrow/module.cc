// module.cc - what the module dcetl-arrow.so exports: one table for each kind of file. No exception leaves them.
#include "ipc.h"
#include "orc.h"
#include "parquet.h"
#include "parquet_write.h"

namespace dcetl_arrow {

namespace {

// The functions of a TableModule over a class for reading and a class for writing.
template <typename File, typename Writer>
struct Table {
  static File* Of(TableFile* file) { return reinterpret_cast<File*>(file); }
  static Writer* Of(TableWriter* writer) { return reinterpret_cast<Writer*>(writer); }
  static const Writer* Of(const TableWriter* writer) { return reinterpret_cast<const Writer*>(writer); }

  static int Open(const TableSource* source, const TableOption* options, uint32_t count, TableFile** file, ArrowSchema* schema, TableError* error) {
    return Guarded(error, [&]() -> Status {
      ARROW_ASSIGN_OR_RAISE(auto opened, File::Open(*source, Options(options, count)));
      ARROW_RETURN_NOT_OK(arrow::ExportSchema(*opened->schema(), schema));
      *file = reinterpret_cast<TableFile*>(opened.release());
      return Status::OK();
    });
  }

  static uint32_t Units(TableFile* file) { return Of(file)->units(); }
  static void Unit(TableFile* file, uint32_t unit, TableUnit* out) { *out = Of(file)->Unit(unit); }

  static bool Bounds(TableFile* file, uint32_t unit, uint32_t column, ArrowArray* bounds, int64_t* nulls) {
    bool known = false;
    TableError ignored;  // statistics that cannot be read are unknown
    int failed = Guarded(&ignored, [&]() -> Status { return Of(file)->Bounds(unit, column, bounds, nulls).Value(&known); });
    return !failed && known;
  }

  static int Read(TableFile* file, uint32_t unit, const uint8_t* columns, uint32_t max_rows, ArrowArrayStream* out, TableError* error) {
    return Guarded(error, [&]() { return Of(file)->Read(unit, columns, max_rows, out); });
  }

  static void Close(TableFile* file) { delete Of(file); }

  static int Create(const TableSink* sink, const ArrowSchema* schema, const TableOption* options, uint32_t count, TableWriter** out, TableError* error) {
    return Guarded(error, [&]() -> Status {
      ARROW_ASSIGN_OR_RAISE(auto writer, Writer::Create(*sink, schema, Options(options, count)));
      *out = reinterpret_cast<TableWriter*>(writer.release());
      return Status::OK();
    });
  }

  static int Write(TableWriter* writer, ArrowArray* batch, TableError* error) {
    return Guarded(error, [&]() { return Of(writer)->Write(batch); });
  }

  static uint64_t GroupRows(const TableWriter* writer) { return Of(writer)->group_rows(); }

  static int Finish(TableWriter* writer, TableError* error) {
    return Guarded(error, [&]() { return Of(writer)->Finish(); });
  }

  static void FreeWriter(TableWriter* writer) { delete Of(writer); }

  static constexpr TableModule Functions(const char* format, bool in_order) {
    return {TABLE_MODULE_VERSION, format, in_order, Open, Units, Unit, nullptr, Read, Close, Create, Write, GroupRows, Finish, FreeWriter};
  }
  static constexpr TableModule FunctionsWithBounds(const char* format) {
    return {TABLE_MODULE_VERSION, format, false, Open, Units, Unit, Bounds, Read, Close, Create, Write, GroupRows, Finish, FreeWriter};
  }
};

}  // namespace

}  // namespace dcetl_arrow

#define EXPORTED __attribute__((visibility("default")))

extern "C" {
extern const TableModule dcetl_parquet_module EXPORTED, dcetl_ipc_file_module EXPORTED, dcetl_ipc_stream_module EXPORTED;
const TableModule dcetl_parquet_module = dcetl_arrow::Table<dcetl_arrow::ParquetFile, dcetl_arrow::ParquetWriter>::FunctionsWithBounds("parquet");
const TableModule dcetl_ipc_file_module = dcetl_arrow::Table<dcetl_arrow::IpcFile, dcetl_arrow::IpcFileWriter>::Functions("arrow", false);
const TableModule dcetl_ipc_stream_module = dcetl_arrow::Table<dcetl_arrow::IpcStream, dcetl_arrow::IpcStreamWriter>::Functions("arrows", true);
#ifdef ARROW_ORC
extern const TableModule dcetl_orc_module EXPORTED;
const TableModule dcetl_orc_module = dcetl_arrow::Table<dcetl_arrow::OrcFile, dcetl_arrow::OrcWriter>::Functions("orc", false);
#endif
}
