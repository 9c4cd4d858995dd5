// Figures that move: the still figure that a program drew, with its constants on
// sliders. src/sitetools/moving.py writes the sliders, and says what such a figure is.

const short = (number) => String(Number(number.toPrecision(4)));
const long = (number) => (number === Infinity ? "∞" : number.toPrecision(7));

/** The number that a slider stands for. */
const number = ({ power }, position) => (power ? 10 ** position : position);

/** The numbers on the horizontal axis: one for each position of its slider. */
function grid(slider) {
  const { from, to, step } = slider;
  const last = Math.round((to - from) / step);
  return Array.from({ length: last + 1 }, (_, i) =>
    number(slider, from + ((to - from) * i) / last));
}

async function start(box) {
  const image = box.querySelector("img");
  const { default: figure } = await import(image.src.replace(/svg$/, "js"));
  const inputs = [...box.querySelectorAll("input")];
  const shown = [...box.querySelectorAll("data")];
  const at = {};

  function read() {
    for (const input of inputs) {
      at[input.name] = number(figure.sliders[input.name], input.valueAsNumber);
      input.nextElementSibling.textContent = short(at[input.name]);
      input.setAttribute("aria-valuetext", short(at[input.name]));
    }
    figure.values(at).forEach((value, i) => {
      shown[i].value = value;
      shown[i].textContent = long(value);
    });
  }

  read();
  // The still figure shows where it starts; whoever reads on, loads no chart.
  box.addEventListener("input", async () => {
    read();
    box.chart ??= chartOf(box, image, figure, at);
    (await box.chart).setData(data(figure, at));
  });
}

/** What uPlot draws: the numbers on the horizontal axis, then those of each curve. */
function data({ across, sliders, curves, values }, at) {
  const x = grid(sliders[across]);
  const rows = x.map((number) => values({ ...at, [across]: number }));
  const finite = (y) => (Number.isFinite(y) ? y : null); // null is a gap
  return [x, ...curves.map((_, i) => rows.map((row) => finite(row[i])))];
}

/** Load uPlot and put its chart in the place of the image. */
async function chartOf(box, image, figure, at) {
  await Promise.all([
    load("link", { rel: "stylesheet", href: asset("uplot/uPlot.min.css") }),
    load("script", { src: asset("uplot/uPlot.iife.min.js") }),
  ]);
  const place = document.createElement("div");
  place.className = "chart";
  place.role = "img";
  place.setAttribute("aria-labelledby", box.querySelector("p[id]").id);
  // Not its natural size: whoever is quick moves a slider before the image has come.
  const [width, height] = ["width", "height"].map((name) => image.getAttribute(name));
  place.style.width = `${width}px`;
  place.style.aspectRatio = `${width} / ${height}`;
  image.parentElement.replaceWith(place);

  const size = () => ({ width: place.clientWidth, height: place.clientHeight });
  const { across, vertical, sliders } = figure;
  const { from, to, power } = sliders[across];
  const style = getComputedStyle(box);
  const ink = style.getPropertyValue("--ink");
  const colors = [...box.querySelectorAll(".curve")].map((curve) =>
    getComputedStyle(curve).getPropertyValue("--color"));
  const axis = {
    stroke: ink,
    font: `13px ${style.fontFamily}`,
    labelFont: `13px ${style.fontFamily}`,
    labelSize: 20,
    grid: { show: false },
    ticks: { stroke: ink, width: 1, size: 5 },
    border: { show: true, stroke: ink, width: 1 },
  };
  /** Mark the numbers that are shown. */
  function mark(chart) {
    const x = chart.valToPos(at[across], "x", true);
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = ink;
    ctx.fillRect(x, bbox.top, devicePixelRatio, bbox.height);
    figure.values(at).forEach((value, i) => {
      ctx.beginPath();
      ctx.arc(x, chart.valToPos(value, "y", true), 5 * devicePixelRatio, 0, 7);
      ctx.fillStyle = colors[i];
      ctx.fill();
    });
    ctx.restore();
  }

  const chart = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: {
          time: false,
          distr: power ? 3 : 1,
          range: [number(sliders[across], from), number(sliders[across], to)],
        },
        y: { range: [vertical.from, vertical.to] },
      },
      axes: [
        { ...axis, size: 30, label: box.querySelector(`[for$="-${across}"]`).textContent },
        { ...axis, size: 44, label: box.dataset.vertical },
      ],
      series: [{}, ...colors.map((stroke) => ({ stroke, width: 1.8, pxAlign: 0 }))],
      hooks: { draw: [mark] },
    },
    data(figure, at),
    place,
  );
  new ResizeObserver(() => chart.setSize(size())).observe(place);
  return chart;
}

const asset = (path) => new URL(`../${path}`, import.meta.url).href;

const load = (tag, attributes) => new Promise((onload, onerror) => {
  const element = document.createElement(tag);
  document.head.append(Object.assign(element, { onload, onerror }, attributes));
});

document.querySelectorAll(".moving").forEach(start);
