require_relative 'spec_helper'

RSpec.describe 'orders' do
  it('start alone') { expect(alone?).to be true }
end
