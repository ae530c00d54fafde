/// Files: safetensors, NPY and NPZ, IDX, CSV, images, and writing so that nothing is ever half written.
///
/// Every reader survives truncated and hostile input: what a header promises is checked against the
/// size of the file before memory is taken, and what is wrong is told by file and byte (or line).
/// Malformed files throw FormatError; files that are well formed but hold unusable values throw
/// DataError. Each `read_...` takes a path and has a `parse_...` twin that takes bytes in memory, whose
/// `name` stands for the file in messages.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hebb/tensor.hpp"

namespace hebb {

// ---- Whole files ----

/// The largest file `read_file` takes unless told otherwise, in bytes (32 GiB).
inline constexpr std::uint64_t kMostFileBytes = std::uint64_t{32} << 30;

/// The content of a file, a pipe or a device. Throws FormatError when it does not exist, cannot be
/// read, is a directory, or holds more than `most_bytes`.
std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t most_bytes = kMostFileBytes);

/// A file that appears complete or not at all: bytes go to a temporary file in the same directory;
/// `commit` flushes it to the disk and renames it. Until then, and after any failure, what was at the
/// path before is untouched. Symbolic links are followed. A path that is a device or a pipe is written
/// directly. All functions throw FormatError when the path cannot be written or the disk is full.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  /// Discards what was written unless `commit` succeeded.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::uint8_t> bytes);
  void write(std::string_view text);
  /// Puts the file in its place. Nothing may be written afterwards.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& doing, int error_number);
  void discard();

  std::string path_;
  std::string target_;
  std::string temporary_;
  int descriptor_ = -1;
};

/// Writes a whole file as AtomicFile does.
void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::string& path, std::string_view text);

// ---- Safetensors (https://github.com/huggingface/safetensors, "Format") ----

/// Named tensors and text metadata.
struct SafetensorsFile {
  /// In the order of the file's header.
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor of that name, or null.
  const Tensor* find(std::string_view name) const;
};

/// Reads F32, F64, I32 and U8 tensors. Throws FormatError for another type (named with its tensor), a
/// header longer than the file or 100 MB, malformed JSON, names that occur twice, and data that
/// overlap, leave gaps, lie outside the file or disagree with shape times type.
SafetensorsFile read_safetensors(const std::string& path);
SafetensorsFile parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& name = "<memory>");
/// Writes atomically; tensors that are expressions are evaluated. The larger element types come first
/// in the data so that all are aligned; the header keeps the given order. Throws FormatError for
/// names that occur twice, the reserved name `__metadata__`, and text that is not UTF-8.
void write_safetensors(const std::string& path, const SafetensorsFile& file);

// ---- NPY and NPZ (numpy.lib.format) ----

/// Reads one array, format versions 1 to 3, either byte order, C or Fortran order. Types: f4 and f2
/// become f32, f8 f64, u1 and b1 u8, all other integers i32. Throws DataError when an integer does not
/// fit 32 bits, FormatError for other types (text, objects, complex, structures) and damaged files.
Tensor read_npy(const std::string& path);
Tensor parse_npy(std::span<const std::uint8_t> bytes, const std::string& name = "<memory>");
/// Writes one array atomically, format version 1.0, little-endian, C order.
void write_npy(const std::string& path, const Tensor& tensor);

/// Reads the arrays of an .npz archive (stored or deflated) in its order, names without ".npy". Sizes
/// and checksums are verified. Throws as read_npy does.
std::vector<std::pair<std::string, Tensor>> read_npz(const std::string& path);
std::vector<std::pair<std::string, Tensor>> parse_npz(std::span<const std::uint8_t> bytes,
                                                      const std::string& name = "<memory>");

// ---- IDX (the format of MNIST, http://yann.lecun.com/exdb/mnist/) ----

/// Reads an IDX array, plain or gzip (told apart by content). Unsigned bytes become u8; signed bytes,
/// 16- and 32-bit integers i32; floats f32; doubles f64. Throws FormatError with the byte position for
/// a wrong magic number, a size that disagrees with the header, and a cut or damaged gzip stream.
Tensor read_idx(const std::string& path);
Tensor parse_idx(std::span<const std::uint8_t> bytes, const std::string& name = "<memory>");

// ---- CSV and TSV (RFC 4180) ----

/// Whether the first row holds names. `detect` takes it for a header when it holds text and no number.
enum class CsvHeader : std::uint8_t { detect, present, absent };

struct CsvOptions {
  CsvHeader header = CsvHeader::detect;
  /// ',' '\t' ';' or any other ASCII character but quotes, line ends, digits, '.', '+' and '-'; 0 detects
  /// tab, semicolon or comma.
  char separator = '\0';
  /// A file with more columns is refused (at the latest at 1,000,000).
  std::int64_t most_columns = 65536;
  /// Texts that stand for a missing value in a numeric column, beside the empty cell. In a text column
  /// only the empty cell is missing, for "NA" may be a name there.
  std::vector<std::string> missing = {"?", "NA", "N/A", "null"};
};

/// One column: numeric when every cell that is not missing is a finite number, text otherwise.
struct CsvColumn {
  /// From the header, or "column_3" (counted from 1).
  std::string name;
  bool numeric = true;
  /// [rows] of a numeric column, NaN where missing; else empty.
  std::vector<double> numbers;
  /// [rows] of a text column, "" where missing; else empty.
  std::vector<std::string> texts;
  /// The rows whose value is missing, ascending.
  std::vector<std::int64_t> missing;
  /// How many cells are finite numbers, and the first row that is text (-1: none). A column of mostly
  /// numbers that is text because of a slip can so be told where the slip is.
  std::int64_t numeric_cells = 0;
  std::int64_t first_text_row = -1;
};

struct CsvTable {
  /// The file, for messages.
  std::string name;
  bool has_header = false;
  std::vector<CsvColumn> columns;
  /// The line of the file (counted from 1) on which each row begins.
  std::vector<std::int64_t> lines;

  std::int64_t rows() const { return static_cast<std::int64_t>(lines.size()); }
  /// The column of that name. Throws DataError, offering the nearest name, when there is none, and when
  /// there are several.
  std::size_t index_of(const std::string& column_name) const;
  /// "data.csv: line 7, column 3 ('age')".
  std::string place(std::int64_t row, std::size_t column) const;
};

/// Reads a table. Cells may be quoted, quotes doubled, lines end with LF, CRLF or CR; a byte order mark
/// and empty lines are skipped; space around unquoted cells is dropped. Throws DataError with line and
/// column for rows of unequal length, NaN or infinity in an otherwise numeric column, no rows, too many
/// columns, and a first row of which `detect` cannot tell what it is; FormatError for an unfinished or
/// misplaced quote and for files that are not UTF-8 text.
CsvTable read_csv(const std::string& path, const CsvOptions& options = {});
CsvTable read_csv(std::istream& input, const CsvOptions& options = {},
                  const std::string& name = "standard input");
CsvTable parse_csv(std::string_view text, const CsvOptions& options = {},
                   const std::string& name = "<memory>");

// ---- Images ----

/// Pixels as bytes, [height, width, channels]. Channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and
/// alpha.
struct Image {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<std::uint8_t> bytes;
};

/// The largest image that is read unless told otherwise, in pixels (64 Mi).
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 26;

/// Whether a file's name ends as those of such images do: .png, .jpg, .jpeg, .pgm or .ppm, in any case.
bool is_image_name(const std::string& path);
/// Reads PNG, JPEG, PGM or PPM, told apart by content, with the channels of the file (palettes become
/// RGB). 16-bit samples are scaled to 8. Throws FormatError for anything else, damaged or truncated
/// files and more than `most_pixels`.
Image read_image(const std::string& path, std::int64_t most_pixels = kMostPixels);
Image parse_image(std::span<const std::uint8_t> bytes, const std::string& name = "<memory>",
                  std::int64_t most_pixels = kMostPixels);
/// The same picture with 1 (gray) or 3 (RGB) channels; alpha is dropped, gray is the luma
/// (299 R + 587 G + 114 B) / 1000 of ITU-R BT.601, rounded. Throws ShapeError for other counts and for an
/// image whose bytes do not match its extents.
Image with_channels(const Image& image, int channels);
/// The same picture in another size, each axis by itself, without keeping proportions. Every pixel is the
/// mean of what it covers, weighed by a triangle as wide as two pixels of the coarser grid: linear
/// interpolation when enlarging, without aliasing when reducing (Turkowski, "Filters for common resampling
/// tasks", 1990). Throws ShapeError unless the extents are positive and the image's bytes match its extents.
Image resized(const Image& image, int height, int width);
/// The image as a PNG file. Throws ShapeError when its bytes do not match its extents or there are not
/// 1 to 4 channels.
std::vector<std::uint8_t> encode_png(const Image& image);
/// Writes a PNG file atomically.
void write_png(const std::string& path, const Image& image);

}  // namespace hebb
