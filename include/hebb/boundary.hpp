/// Where a classifier of points in the plane changes its mind: an exact line where it is linear, a contour by
/// marching squares otherwise, and how sure it is everywhere else.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hebb/datasets.hpp"
#include "hebb/model_file.hpp"
#include "hebb/trainer.hpp"

namespace hebb {

struct PlanePoint {
  double x = 0;
  double y = 0;
};
/// Points joined by lines, as they follow one another; closed where the last is the first.
using PlanePath = std::vector<PlanePoint>;

/// A rectangle of the plane, its sides parallel to the axes.
struct PlaneBox {
  double left = 0;
  double right = 1;
  double low = 0;
  double high = 1;
};

/// Any classifier of points in the plane.
struct PlaneClassifier {
  /// Scores [n, outputs] of points [n] of x and y, [n, 2]. One output: class 1 where it is positive, else
  /// class 0. Several: the class of the largest score, the first of equal ones.
  std::function<std::vector<double>(std::span<const double> points)> scores;
  std::int64_t outputs = 1;
  /// How far a score must change for confidence to change much: confidence is that of the logistic function,
  /// or softmax, of scores / scale. 1 for logits.
  double scale = 1;

  /// Number of classes.
  std::int64_t classes() const { return outputs == 1 ? 2 : outputs; }
};

/// The classifier that a saved model is, for raw points. Throws DataError unless it takes two inputs and
/// tells classes apart, or values that are 0 or 1.
PlaneClassifier plane_classifier(const SavedModel& model);

/// Samples as points.
struct PlaneData {
  std::vector<PlanePoint> points = {};
  std::vector<std::int32_t> labels = {};  ///< class of each
  std::array<std::string, 2> axes = {"x", "y"};
  std::vector<std::string> class_names = {};  ///< one for each class
};

/// The samples of a data set of two inputs, unscaled, at most `most` of them, evenly spread. Targets are
/// classes, or values all of which are 0 or 1. Throws DataError, in words that say what to do, for another
/// number of inputs, for targets that are no classes, for samples of one class alone, and for an input that
/// is the same in all samples.
PlaneData plane_data(const DataSplits& data, std::int64_t most = 2000);

/// What is looked for.
struct BoundaryOptions {
  std::optional<PlaneBox> box = {};  ///< by default that of the samples and a tenth more on every side
  std::int64_t columns = 160;        ///< of the grid, 2 to 4096
  std::int64_t rows = 160;
};

/// A straight boundary: weights[0] x + weights[1] y + bias = 0.
struct BoundaryLine {
  std::array<double, 2> weights = {0, 0};
  double bias = 0;
};

/// A picture of a classifier, as data.
struct DecisionMap {
  PlaneBox box = {};
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::vector<std::int32_t> classes =
      {};                              ///< [rows, columns] at the centres of the cells, the lowest row first
  std::vector<float> confidence = {};  ///< likewise: probability of that class, 1 / classes to 1
  std::vector<PlanePath> boundary = {};  ///< between the regions; may be empty: there is one region alone
  std::vector<PlanePath> margins = {};   ///< where the score is `margin` away from that of the boundary
  /// Where every sample is on its side, the least distance of a sample's score to that of the boundary; else
  /// `scale` of the classifier.
  double margin = 0;
  bool separated = false;                 ///< whether every sample is on its side
  std::int64_t errors = 0;                ///< samples on the wrong side
  std::optional<BoundaryLine> line = {};  ///< two classes and a linear classifier
  bool linear = false;                    ///< the boundary is exact: lines between the classes
  /// Two classes, a linear classifier, separated: the distance of the nearest sample from the line, in the
  /// units of the plane.
  std::optional<double> distance = {};
};

/// Looks at a classifier everywhere on a grid, and at the samples. That scores are linear is found out by
/// looking: they, or their differences, are those of a linear function on a grid of 17 x 17 points, to a
/// hundred-thousandth of their range. Contours are refined by bisection along the edges of the grid that they
/// cross. Throws ConfigError for a grid or box out of range, DataError for scores that are not finite and for
/// labels that the classifier does not have.
DecisionMap decision_map(const PlaneClassifier& classifier, const PlaneData& data,
                         const BoundaryOptions& options = {});

/// A picture of a classifier while it is trained.
struct TrainingFrame {
  std::int64_t epoch = 0;  ///< epochs done
  double loss = 0;         ///< of all training samples, by the model as it then is
  DecisionMap map = {};
};

/// How a film is made.
struct FilmOptions {
  std::int64_t frames = 60;  ///< at most; the first epochs, in which most happens, get more of them
  BoundaryOptions boundary = {.box = {}, .columns = 96, .rows = 96};
};

/// What is filmed.
struct FilmInputs {
  const SavedModel* model = nullptr;  ///< its spec tells the scaling; training begins with it
  const Dataset* train = nullptr;     ///< scaled
  const PlaneData* plane = nullptr;
};

/// The epochs that are looked at in a film of so many: 0 and the last among them, the first ones nearer to
/// each other.
std::vector<std::int64_t> filmed_epochs(std::int64_t epochs, std::int64_t frames);
/// One picture of a film, whoever trains the model.
TrainingFrame film_frame(const FilmInputs& inputs, std::int64_t epoch, const BoundaryOptions& options);

/// Trains a copy of the model for the epochs that `training` tells, as `train` does without validation, and
/// looks at it before, on the way and at the end. Throws what plane_classifier, decision_map and `explain`
/// throw, and ConfigError for less than two frames or more than 1000.
std::vector<TrainingFrame> film_training(const FilmInputs& inputs, const TrainerOptions& training,
                                         const FilmOptions& options = {});

/// A function on the points of a grid, the lowest row first: [rows, columns], from corner to corner of the
/// box.
struct PlaneGrid {
  PlaneBox box = {};
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::vector<double> values = {};

  PlanePoint point(std::int64_t row, std::int64_t column) const;
};

/// The contour of a level by marching squares, with linear interpolation, joined to paths; of a saddle the
/// mean of its corners decides (Lorensen and Cline 1987 in two dimensions). Cells with a corner that is not
/// finite are left out. `refine`, where given, moves a crossing between its two ends, which are below and
/// above the level.
using RefineCrossing = std::function<void(
    std::span<const PlanePoint> below, std::span<const PlanePoint> above, std::span<PlanePoint> crossings)>;
std::vector<PlanePath> contour(const PlaneGrid& grid, double level, const RefineCrossing& refine = {});

}  // namespace hebb
