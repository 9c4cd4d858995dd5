// Three activation functions of b + w x, times c.
export default {
  caption: {
    en: "Move w, b and c, and all three curves follow; z stands for b + w x, and h is the hard sigmoid with slope 1/6.",
    zh: "移动 w、b、c，三条曲线都跟着变；z 代表 b + w x，h 是斜率为 1/6 的 hard sigmoid。",
  },
  sliders: {
    w: { name: { en: "weight w", zh: "权重 w" }, from: -4, to: 4, step: 0.1, start: 1 },
    b: { name: { en: "bias b", zh: "偏置 b" }, from: -4, to: 4, step: 0.1, start: 0 },
    c: { name: { en: "height c", zh: "高度 c" }, from: -2, to: 2, step: 0.1, start: 2 },
    x: { name: { en: "input x", zh: "输入 x" }, from: -6, to: 6, step: 0.05, start: 2 },
  },
  across: "x",
  vertical: { name: "y", from: -2.2, to: 2.2 },
  curves: ["c σ(z)", "c tanh z", "c h(z)"],
  values({ w, b, c, x }) {
    const z = b + w * x;
    const sigmoid = 1 / (1 + Math.exp(-z));
    const hard = Math.min(Math.max(z / 6 + 1 / 2, 0), 1);
    return [c * sigmoid, c * Math.tanh(z), c * hard];
  },
};
